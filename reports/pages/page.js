// Sorts a table by the column whose heading is pressed; cells without a value stay last.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const status = table.closest("section").querySelector("[role=status]");
  const compare = (at, numeric, way) => (one, two) => {
    const a = one.cells[at].dataset.key, b = two.cells[at].dataset.key;
    if (a === "" || b === "") return (a === "") - (b === "");
    return way * (numeric ? a - b : a.localeCompare(b));
  };
  for (const button of table.querySelectorAll("thead button")) {
    button.addEventListener("click", () => {
      const head = button.closest("th");
      const up = head.getAttribute("aria-sort") !== "ascending";
      for (const other of table.querySelectorAll("th[aria-sort]")) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const rows = [...body.rows];
      rows.sort(compare(Number(head.dataset.at), head.dataset.numeric === "1", up ? 1 : -1));
      body.append(...rows);
      status.textContent = `Sorted by ${head.dataset.name}, ${up ? "smallest" : "largest"} first.`;
    });
  }
}
