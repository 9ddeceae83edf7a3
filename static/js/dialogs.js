// Dialogs with an address of their own, which without scripts is a page: [data-has-address]. What
// is swapped in opens them; closing leads back in the history, and the history opens and closes.
(() => {
  "use strict";

  // Whoever loaded the page at a dialog's address has the page instead of what lies below it.
  const isItsPage = Boolean(history.state?.dialog);

  // What takes the focus is read from there; a refusal has nothing to do but to be closed.
  function read(dialog) {
    const heading = dialog.querySelector("[data-takes-focus]");
    if (heading) {
      dialog.setAttribute("aria-labelledby", heading.id);
    } else {
      dialog.removeAttribute("aria-labelledby");
    }
    (heading ?? dialog.querySelector("button")).focus();
  }

  function open(dialog, address) {
    const isAnother = dialog.matches(":popover-open");
    const note = isAnother ? "replaceState" : "pushState";
    history[note]({ dialog: dialog.id }, "", address);
    if (!isAnother) {
      dialog.showPopover();
    }
    read(dialog);
  }

  // Before it is settled: then what takes the focus can be focused, and closing gives it back.
  document.addEventListener("htmx:afterSwap", (event) => {
    const dialog = event.detail.elt.closest("[data-has-address]");
    if (dialog) {
      open(dialog, event.detail.pathInfo.finalRequestPath);
    }
  });

  // Closed by Escape, by its button, or by a click beside it; these do not bubble.
  document.addEventListener(
    "toggle",
    (event) => {
      const isOver = event.newState === "closed" && event.target.matches("[data-has-address]");
      if (isOver && history.state?.dialog === event.target.id) {
        history.back();
      }
    },
    true,
  );

  addEventListener("popstate", (event) => {
    if (isItsPage) {
      location.reload();
      return;
    }
    for (const dialog of document.querySelectorAll("[data-has-address]")) {
      const isAsked = event.state?.dialog === dialog.id;
      if (dialog.matches(":popover-open") !== isAsked) {
        dialog.togglePopover(isAsked);
        if (isAsked) {
          read(dialog);
        }
      }
    }
  });
})();
