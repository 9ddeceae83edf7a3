// Couples sliders with the fields whose numbers they move. The field is what is sent, and what a
// page without scripts has; each slider names its field in [data-slides].
(() => {
  "use strict";

  const LANGUAGE = document.documentElement.lang || "en";
  // As the server reads it: commas stand before thousands, and nowhere else.
  const GROUPED = /^[1-9]\d{0,2}(,\d{3})+(\.\d*)?$/;

  function numbersIn(field) {
    const parts = field.value.split(/[\s,;%，、]+/).filter(Boolean).map(Number);
    return parts.filter((number) => number >= 1 && number <= 100);
  }

  function amountIn(field) {
    const typed = field.value.replace(/[\s$]/g, "");
    return Number(GROUPED.test(typed) ? typed.replaceAll(",", "") : typed) || 0;
  }

  // A slider that stands at nothing says what its field does then.
  function speak(slider) {
    const number = Number(slider.value).toLocaleString(LANGUAGE);
    slider.setAttribute("aria-valuetext", Number(slider.value) || !slider.dataset.off ? number : slider.dataset.off);
  }

  // Numbers that stand more than once are told at the field as soon as they do.
  function tellTwice(field) {
    const place = document.querySelector(`[data-twice="${field.id}"]`);
    if (place) {
      const numbers = numbersIn(field);
      const twice = numbers.find((number, at) => numbers.indexOf(number) !== at);
      // What was refused is said there already.
      const isSaid = Boolean(document.getElementById(`${field.id}-errors`).textContent);
      place.textContent = twice && !isSaid ? place.dataset.twiceWords.replace("{number}", twice) : "";
      field.setAttribute("aria-invalid", String(Boolean(twice) || isSaid));
      field.closest(".field").classList.toggle("field-wrong", Boolean(twice) || isSaid);
    }
  }

  function follow(field) {
    tellTwice(field);
    for (const slider of document.querySelectorAll(`[data-slides="${field.id}"]`)) {
      if (!slider.closest("[data-slides-each]")) {
        slider.value = amountIn(field);
        speak(slider);
      }
    }
    const holder = document.querySelector(`[data-slides-each="${field.id}"]`);
    if (holder) {
      followEach(holder, numbersIn(field));
    }
  }

  function followEach(holder, numbers) {
    const template = holder.querySelector("template");
    const rows = [...holder.querySelectorAll(".slider-row")];
    while (rows.length > numbers.length) {
      rows.pop().remove();
    }
    while (rows.length < numbers.length) {
      holder.append(template.content.cloneNode(true));
      rows.push(holder.lastElementChild);
    }
    for (const [place, row] of rows.entries()) {
      const slider = row.querySelector("input");
      slider.value = numbers[place];
      row.querySelector("output").textContent = `${slider.value}%`;
      slider.setAttribute("aria-valuetext", `${slider.value}%`);
    }
  }

  function lead(slider) {
    const field = document.getElementById(slider.dataset.slides);
    const holder = slider.closest("[data-slides-each]");
    if (holder) {
      field.value = [...holder.querySelectorAll("input")].map((one) => one.value).join(", ");
    } else {
      const decimals = Number.isInteger(Number(slider.value)) ? 0 : 2;
      field.value = Number(slider.value).toFixed(decimals);
    }
    // Whoever draws the field's numbers hears of it as if they had been typed.
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-slides]")) {
      lead(event.target);
    } else if (event.target.id) {
      follow(event.target);
    }
  });
  document.addEventListener("htmx:load", (event) => {
    const within = event.detail.elt;
    const named = [...within.querySelectorAll("[data-slides], [data-slides-each]")];
    for (const id of new Set(named.map((one) => one.dataset.slides || one.dataset.slidesEach))) {
      follow(document.getElementById(id));
    }
  });
})();
