// Filters tables as one types. Everything else works without it.
"use strict";

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

for (const input of document.querySelectorAll("[data-filtre]")) {
  const rows = [...document.querySelectorAll(`#${input.dataset.filtre} tbody tr`)];
  const texts = rows.map((row) => plain(row.textContent));
  const count = document.querySelector("[data-compte]");
  const filter = () => {
    const words = plain(input.value).split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, index) => {
      row.hidden = !words.every((word) => texts[index].includes(word));
      if (!row.hidden) shown += 1;
    });
    count.textContent = shown < 2 ? `${shown} ligne` : `${shown} lignes`;
  };
  input.addEventListener("input", filter);
  input.value = new URLSearchParams(location.search).get("q") || input.value;
  filter();
}
