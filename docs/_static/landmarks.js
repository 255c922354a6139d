// What the theme leaves out for keyboards and screen readers: names of its two side bars, and
// tables and listings that scroll sideways can be reached.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "Site");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "This page");
  for (const box of document.querySelectorAll(".table-wrapper, .highlight pre")) box.tabIndex = 0;
});
