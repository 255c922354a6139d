// What the theme leaves out for keyboards and screen readers: names of its two side bars, levels of
// captions above lists of pages; tables and listings that scroll sideways can be reached.
document.addEventListener("DOMContentLoaded", () => {
  document.querySelector("aside.sidebar-drawer")?.setAttribute("aria-label", "Site");
  document.querySelector("aside.toc-drawer")?.setAttribute("aria-label", "This page");
  for (const caption of document.querySelectorAll("p.caption[role=heading]")) caption.setAttribute("aria-level", 2);
  for (const box of document.querySelectorAll(".table-wrapper, .highlight pre")) box.tabIndex = 0;
});
