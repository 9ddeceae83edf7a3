// The description of the API: what one looks for is left of it, and the contents say where one reads.
(() => {
  "use strict";

  const contents = document.querySelector(".docs-places");
  const filter = document.getElementById("docs-filter");
  const nothing = document.getElementById("docs-nothing");
  const links = new Map();
  const parts = new Map();
  for (const part of document.querySelectorAll("[data-part]")) {
    parts.set(part, part.textContent.toLowerCase());
  }
  for (const link of contents.querySelectorAll("a")) {
    const target = document.getElementById(link.hash.slice(1));
    links.set(link, target.closest("[data-part], [data-group]"));
  }

  // --- The filter: every word must stand in a part for it to stay ---------------------------------
  function choose() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const [part, text] of parts) {
      part.hidden = !words.every((word) => text.includes(word));
      left += part.hidden ? 0 : 1;
    }
    for (const group of document.querySelectorAll("[data-group]")) {
      group.hidden = !group.querySelector("[data-part]:not([hidden])");
    }
    for (const [link, part] of links) {
      link.parentElement.hidden = part.hidden;
    }
    for (const list of contents.querySelectorAll("details")) {
      list.hidden = !list.querySelector("li:not([hidden])");
    }
    nothing.hidden = left > 0;
    contents.scrollTop = 0;
  }

  // --- A link to the fields of a shape opens them, where the browser does not ----------------------
  function open() {
    const target = location.hash && document.getElementById(location.hash.slice(1));
    const closed = target && target.closest("details:not([open])");
    if (closed) {
      closed.open = true;
      target.scrollIntoView();
    }
  }

  // --- Where one reads ----------------------------------------------------------------------------
  function mark(part) {
    for (const [link, its] of links) {
      if (its === part) {
        link.setAttribute("aria-current", "true");
        const place = link.getBoundingClientRect();
        const frame = contents.getBoundingClientRect();
        if (place.top < frame.top || place.bottom > frame.bottom) {
          contents.scrollTop += place.top - frame.top - frame.height / 2;
        }
      } else {
        link.removeAttribute("aria-current");
      }
    }
  }

  // What crosses a line near the upper edge is read.
  const watch = new IntersectionObserver(
    (seen) => {
      const part = seen.find((entry) => entry.isIntersecting);
      if (part) {
        mark(part.target);
      }
    },
    { rootMargin: "-12% 0px -85% 0px" },
  );
  for (const part of parts.keys()) {
    watch.observe(part);
  }
  filter.addEventListener("input", choose);
  filter.form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("hashchange", open);
  open();
  // A browser that goes back fills the box again.
  choose();
})();
