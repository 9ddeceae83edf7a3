// What makes pages smoother. Each part looks for its own attribute and works on swapped-in parts, too.
(() => {
  "use strict";

  const TOLD_MS = 6000;
  const root = document.documentElement;
  // Every word comes with the page, in its language. The script is deferred: there is a body.
  const words = JSON.parse(document.body.dataset.words);

  // --- Colours: [data-set-theme] -------------------------------------------------------------
  function showTheme() {
    const current = root.dataset.theme || "system";
    for (const button of document.querySelectorAll("[data-set-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.setTheme === current));
    }
  }

  function setTheme(theme) {
    if (theme === "system") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = theme;
    }
    try {
      localStorage.setItem("theme", theme);
    } catch {
      // Then it holds for this page alone.
    }
    showTheme();
    document.dispatchEvent(new Event("theme-changed"));
  }

  // --- Copying: [data-copy="id of what is copied"] --------------------------------------------
  async function copy(button) {
    const label = button.querySelector("[data-copy-label]") || button;
    const before = button.dataset.before || label.textContent;
    button.dataset.before = before;
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      label.textContent = words.copied;
    } catch {
      // Without leave to write, the text is at least selected.
      getSelection().selectAllChildren(source);
      label.textContent = words.press_to_copy;
    }
    setTimeout(() => {
      label.textContent = before;
    }, 2000);
  }

  // --- Menus: a click elsewhere, or Escape, closes [data-closes] -------------------------------
  function closeMenus(except) {
    for (const menu of document.querySelectorAll("details[data-closes][open]")) {
      if (!menu.contains(except)) {
        menu.open = false;
      }
    }
  }

  document.addEventListener("click", (event) => {
    const target = event.target;
    closeMenus(target);
    const themed = target.closest("[data-set-theme]");
    const copied = target.closest("[data-copy]");
    if (themed) {
      setTheme(themed.dataset.setTheme);
    } else if (copied) {
      copy(copied);
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const open = document.querySelector("details[data-closes][open]");
      closeMenus(null);
      open?.querySelector("summary").focus();
    }
  });

  // --- The registration form guesses the time zone: [data-guess-timezone="id of the select"] ----
  function guessTimezone() {
    const holder = document.querySelector("[data-guess-timezone]");
    const select = holder && document.getElementById(holder.dataset.guessTimezone);
    // A form that came back with errors keeps what was chosen.
    if (select && select.value === "UTC" && !document.querySelector(".field-wrong")) {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      const isIt = (option) => option.value === zone || option.dataset.former?.split(" ").includes(zone);
      const offered = [...select.options].find(isIt);
      if (offered) {
        offered.selected = true;
      }
    }
  }

  // --- What is saved with .save-bar: it says so while a field of its form is not as it came --------
  function isChanged(field) {
    if (!field.name || field.type === "hidden") {
      return false;
    }
    if (field.options) {
      const options = [...field.options];
      const before = options.findLastIndex((option) => option.defaultSelected);
      return field.selectedIndex !== Math.max(before, 0);
    }
    const isBox = field.type === "checkbox" || field.type === "radio";
    return isBox ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  }

  function showChanges(form) {
    const isNew = Boolean(form) && [...form.elements].some(isChanged);
    for (const bar of form?.querySelectorAll(".save-bar") ?? []) {
      bar.toggleAttribute("data-changed", isNew);
      if (isNew && bar.dataset.told === "saved") {
        bar.removeAttribute("data-told");
      }
    }
  }

  // That it is saved has been read by then; that it is not stays.
  function forgetSaved(within) {
    for (const bar of within.querySelectorAll('.save-bar[data-told="saved"]')) {
      setTimeout(() => bar.removeAttribute("data-told"), TOLD_MS);
    }
  }

  document.addEventListener("input", (event) => showChanges(event.target.form));
  document.addEventListener("change", (event) => showChanges(event.target.form));
  document.addEventListener("htmx:load", (event) => forgetSaved(event.detail.elt));
  // A browser that comes back to a page may fill in what was typed there.
  addEventListener("pageshow", () => {
    for (const form of document.forms) {
      showChanges(form);
    }
  });

  // --- "Updated 12 s ago": counted here, because an answer without news changes nothing ---------
  let askedAt = Date.now();

  function showAge() {
    const stamp = document.querySelector("[data-updated]");
    if (stamp) {
      const seconds = Math.round((Date.now() - askedAt) / 1000);
      const minutes = Math.round(seconds / 60);
      const age = seconds < 90 ? words.updated_seconds : words.updated_minutes;
      const number = seconds < 90 ? seconds : minutes;
      stamp.textContent = seconds < 3 ? words.updated_now : age.replace("{number}", number);
    }
  }

  // --- What is open stays open: details with an id, where a part of the page is swapped ----------
  let opened = [];

  document.addEventListener("htmx:beforeSwap", (event) => {
    opened = [...event.detail.target.querySelectorAll("details[id][open]")].map((part) => part.id);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const part of opened.splice(0).map((id) => document.getElementById(id))) {
      part?.setAttribute("open", "");
    }
  });

  // --- The focus is never lost: it goes to what is wrong, or stays in the part that was swapped ----
  let wasInside = false;

  function focusWrong(within) {
    const wrong = within.querySelector('[aria-invalid="true"]');
    wrong?.focus();
    return Boolean(wrong);
  }

  document.addEventListener("htmx:beforeSwap", (event) => {
    wasInside = event.detail.target.contains(document.activeElement);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    const { target: part, detail } = event;
    const isRefused = detail.xhr?.status === 422 && focusWrong(part);
    if (!isRefused && wasInside && document.activeElement === document.body) {
      part.tabIndex = -1;
      part.focus({ preventScroll: true });
    }
    wasInside = false;
  });

  // --- What was asked for and appears elsewhere is read on from there: [data-takes-focus] ---------
  document.addEventListener("htmx:afterSettle", (event) => {
    // htmx itself brings it into view.
    event.detail.elt.querySelector("[data-takes-focus]")?.focus({ preventScroll: true });
  });

  // --- What htmx could not get is said ----------------------------------------------------------
  function say(words) {
    const place = document.getElementById("toasts");
    if (place) {
      const { content } = document.getElementById("toast");
      const toast = content.firstElementChild.cloneNode(true);
      toast.textContent = words;
      place.replaceChildren(toast);
      setTimeout(() => toast.remove(), TOLD_MS);
    }
  }

  document.addEventListener("htmx:afterRequest", (event) => {
    // What asked may have made way for what it was answered: the event comes from around it then.
    if (event.detail.successful && event.detail.requestConfig.elt.matches("[data-refreshes]")) {
      askedAt = Date.now();
      showAge();
    }
  });
  document.addEventListener("htmx:responseError", (event) => {
    // 401 leads to the sign-in form by itself.
    if (event.detail.xhr.status !== 401) {
      say(words.failed);
    }
  });
  document.addEventListener("htmx:sendError", () => {
    say(words.away);
  });

  function begin() {
    showTheme();
    guessTimezone();
    showAge();
    focusWrong(document);
    setInterval(showAge, 1000);
  }

  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", begin);
  } else {
    begin();
  }
})();
