"use strict";
// Sorting, filtering, opening and lighting up. Everything it shows stands in the document already.
(() => {
  const STEP = 100; // rows shown at once
  const ORDER = { broken: 0, healed: 1, changed: 2, wrong: 0, unjudged: 1, right: 2 };
  const table = document.querySelector("table.questions");
  const form = document.querySelector("form.filters");
  const fields = [...form.querySelectorAll("[data-filter]")];
  const pages = document.querySelector(".pages");
  const more = pages.querySelector("button");
  const every = form.querySelector(".every");
  const rows = [...table.tBodies].map((body) => ({
    body,
    data: body.dataset,
    tags: new Set(JSON.parse(body.dataset.tag)),
    question: body.querySelector(".open"),
    words: null,
  }));
  const collator = new Intl.Collator(undefined, { numeric: true });
  let matching = rows;
  let limit = STEP;

  function matches(row, wanted) {
    return wanted.every(([name, value]) => {
      if (name === "tag") return row.tags.has(value);
      if (name !== "text") return row.data[name] === value;
      row.words ??= row.body.textContent.toLowerCase();
      return row.words.includes(value.toLowerCase());
    });
  }

  function show(placed = 0) {
    const shown = matching.slice(0, limit);
    const kept = new Set(shown);
    for (const row of rows) if (row.body.hidden === kept.has(row)) row.body.hidden = !kept.has(row);
    table.append(...shown.slice(placed).map((row) => row.body)); // hidden rows may stand anywhere
    pages.hidden = matching.length <= limit;
    more.textContent = `Show ${Math.min(STEP, matching.length - limit)} more of ${matching.length - limit}`;
    const of = matching.length === rows.length ? "" : ` of ${rows.length}`;
    form.querySelector(".count").textContent =
      `${matching.length}${of} questions` + (matching.length > limit ? `, the first ${limit} shown` : "");
  }

  function filter() {
    const wanted = fields.map((field) => [field.dataset.filter, field.value.trim()]).filter(([, value]) => value);
    matching = rows.filter((row) => matches(row, wanted));
    limit = STEP;
    show();
  }

  function sortKey(row, name) {
    if (name === "question") return row.question.textContent;
    const value = row.data[name];
    if (name === "number" || name === "confidence" || name === "support") return value === "" ? NaN : Number(value);
    return ORDER[value] ?? value;
  }

  function compare(a, b) {
    const empty = (value) => value === "" || Number.isNaN(value);
    if (empty(a) || empty(b)) return empty(a) - empty(b) || 0;
    if (typeof a === "number") return a - b;
    return collator.compare(a, b);
  }

  function sort(header) {
    const up = header.getAttribute("aria-sort") !== "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", up ? "ascending" : "descending");
    const keys = new Map(rows.map((row) => [row, sortKey(row, header.dataset.sort)]));
    const missing = (key) => key === "" || Number.isNaN(key);
    rows.sort((a, b) => {
      const [one, two] = [keys.get(a), keys.get(b)];
      const order = compare(one, two);
      const kept = up || missing(one) || missing(two) ? order : -order; // what has no value stays last
      return kept || a.data.number - b.data.number;
    });
    filter();
  }

  function toggle(row, open) {
    row.body.classList.toggle("opened", open);
    row.body.querySelector("details").open = open;
    row.question.setAttribute("aria-expanded", String(open));
  }

  function follow() {
    const target = /^#q\d/.test(location.hash) && document.getElementById(location.hash.slice(1));
    if (!target) return;
    const row = rows.find((each) => each.body.contains(target));
    if (!matching.includes(row)) {
      for (const field of fields) field.value = "";
      filter();
    }
    limit = Math.max(limit, matching.indexOf(row) + 1);
    show();
    toggle(row, true);
    row.body.scrollIntoView();
    row.question.focus({ preventScroll: true });
  }

  function light(element) {
    for (const lit of document.querySelectorAll(".lit")) lit.classList.remove("lit");
    const part = element?.closest("[data-claim], [data-claims]");
    if (!part) return [];
    const detail = part.closest(".detail");
    const keys = part.dataset.claim ? [part.dataset.claim] : part.dataset.claims.split(" ");
    const quotes = [...detail.querySelectorAll("[data-claims]")].filter((quote) =>
      quote === part || (part.dataset.claim && quote.dataset.claims.split(" ").includes(part.dataset.claim)));
    const same = [...detail.querySelectorAll("[data-claim]")].filter((each) => keys.includes(each.dataset.claim));
    for (const each of [...quotes, ...same]) each.classList.add("lit");
    return quotes;
  }

  document.documentElement.classList.add("js");
  form.hidden = false;
  for (const header of table.tHead.rows[0].cells) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = header.textContent;
    header.replaceChildren(button);
    button.addEventListener("click", () => sort(header));
  }
  for (const row of rows) row.question.setAttribute("aria-expanded", "false");
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => { setTimeout(filter); });
  form.addEventListener("submit", (event) => event.preventDefault());
  every.addEventListener("click", () => {
    const open = every.textContent === "Open shown";
    for (const row of open ? matching.slice(0, limit) : rows) toggle(row, open);
    every.textContent = open ? "Close all" : "Open shown";
  });
  more.addEventListener("click", () => { limit += STEP; show(limit - STEP); });
  table.addEventListener("click", (event) => {
    const question = event.target.closest("a.open");
    const claim = event.target.closest("a.claim[href]");
    if (question) {
      event.preventDefault();
      const row = rows.find((each) => each.question === question);
      toggle(row, !row.body.classList.contains("opened"));
    } else if (claim) {
      event.preventDefault();
      light(claim)[0]?.scrollIntoView({ block: "nearest" });
    }
  });
  for (const type of ["mouseover", "focusin"]) table.addEventListener(type, (event) => light(event.target));
  table.addEventListener("mouseleave", () => light(null));
  addEventListener("hashchange", follow);
  addEventListener("beforeprint", () => { limit = Infinity; show(); });
  filter();
  follow();
})();
