// SPDX-License-Identifier: Apache-2.0
// The value under the pointer, the finger or the arrow keys, in the line above a figure or below a map. Without it each mark has a title,
// and the table with the same numbers stands below.
"use strict";
(() => {
  const lineOf = (svg) => {
    if (!svg.matches(".map")) return (svg.closest(".measure") || svg.closest("figure")).querySelector(".last");
    const line = document.createElement("p");
    line.className = "readout";
    line.textContent = "\u00a0";
    svg.after(line);
    return line;
  };

  for (const svg of document.querySelectorAll(".chart svg, svg.map")) {
    const marks = [...svg.querySelectorAll("title")].map((title) => title.parentNode);
    const line = marks.length ? lineOf(svg) : null;
    if (!line) continue;
    const told = marks.map((mark) => mark.querySelector("title").textContent);
    marks.forEach((mark) => mark.querySelector("title").remove());
    const usual = line.textContent;
    let at = -1;

    const show = (next) => {
      if (next === at) return;
      if (at >= 0) marks[at].classList.remove("shown");
      at = next;
      if (at >= 0) marks[at].classList.add("shown");
      line.textContent = at >= 0 ? told[at] : usual;
    };
    const under = (event) => marks.findIndex((mark) => mark.contains(event.target));

    svg.tabIndex = 0;
    line.setAttribute("aria-live", "polite");
    svg.addEventListener("pointermove", (event) => { if (event.pointerType !== "touch") show(under(event)); });
    svg.addEventListener("pointerdown", (event) => show(under(event)));
    svg.addEventListener("pointerleave", (event) => { if (event.pointerType !== "touch") show(-1); });
    svg.addEventListener("blur", () => show(-1));
    svg.addEventListener("keydown", (event) => {
      const first = svg.matches(".map") ? 0 : marks.length - 1;
      const next = { ArrowLeft: at < 0 ? first : at - 1, ArrowRight: at < 0 ? first : at + 1, Home: 0, End: marks.length - 1 }[event.key];
      if (event.key === "Escape") show(-1);
      if (next === undefined) return;
      event.preventDefault();
      show(Math.max(0, Math.min(marks.length - 1, next)));
    });
  }
})();
