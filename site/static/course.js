"use strict";

// A link to what is folded opens it, and so does the printer.
function unfold(node) {
  for (let box = node?.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
}
function unfoldTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  unfold(target);
  target.scrollIntoView();
}
addEventListener("hashchange", unfoldTarget);
if (location.hash) unfoldTarget();
addEventListener("beforeprint", () => document.querySelectorAll("details.further").forEach((box) => (box.open = true)));

// What is wider than its box can be moved by keyboard.
function reachable() {
  for (const box of document.querySelectorAll(".picture, .formula")) {
    if (box.scrollWidth > box.clientWidth) {
      box.tabIndex = 0;
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", "Wide: arrow keys move it");
    } else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", reachable);
addEventListener("load", reachable);
addEventListener("toggle", reachable, true);

// The glossary's words say what they mean, under the mouse and under the keyboard's focus.
const tip = document.createElement("div");
tip.id = "tip";
tip.role = "tooltip";
tip.hidden = true;
document.body.append(tip);
function tell(link) {
  tip.textContent = link.dataset.tip;
  tip.hidden = false;
  link.setAttribute("aria-describedby", "tip");
  const place = link.getBoundingClientRect();
  const left = Math.min(place.left, document.documentElement.clientWidth - tip.offsetWidth - 8);
  tip.style.left = `${Math.max(8, left) + scrollX}px`;
  tip.style.top = `${place.bottom + scrollY + 4}px`;
}
function hush() {
  tip.hidden = true;
}
for (const link of document.querySelectorAll("a.term[data-tip]:not([data-tip=''])")) {
  link.addEventListener("mouseenter", () => tell(link));
  link.addEventListener("focus", () => tell(link));
  link.addEventListener("mouseleave", hush);
  link.addEventListener("blur", hush);
}
addEventListener("keydown", (event) => event.key === "Escape" && hush());

function made(kind, parent, given = {}) {
  const node = Object.assign(document.createElement(kind), given);
  parent.append(node);
  return node;
}

// Predict before the figure: the answer comes back where the notebook compares it.
for (const question of document.querySelectorAll(".predict")) {
  const asked = JSON.parse(question.dataset.asked);
  const box = made("div", document.createElement("div"), { className: "predict" });
  question.replaceWith(box);
  question.className = "sentence";
  question.id = `predict-${Math.random().toString(36).slice(2)}`;
  box.append(question);
  const answer = made("p", box, { role: "status", textContent: "No answer yet." });
  function take(text) {
    answer.textContent = `Your answer: ${text}`;
    for (const printed of [...document.querySelectorAll(".output.stream pre")].flatMap((pre) => [...pre.childNodes])) {
      const at = printed.textContent.indexOf(question.textContent);
      if (printed.nodeType !== Node.TEXT_NODE || at < 0) continue;
      const [before, after] = [printed.textContent.slice(0, at), printed.textContent.slice(at)];
      printed.textContent = before + after.replace(/\((?:no answer|you said .*)\)\.$/m, () => `(you said ${text}).`);
    }
  }
  if (asked.choices) {
    const group = made("fieldset", box);
    group.setAttribute("aria-labelledby", question.id);
    for (const choice of asked.choices) {
      const label = made("label", group);
      const input = made("input", label, { type: "radio", name: question.id });
      label.append(choice);
      input.addEventListener("change", () => take(choice));
    }
    box.append(answer);
  } else {
    const input = made("input", box, { type: "range", min: asked.low, max: asked.high, step: asked.step });
    input.value = (asked.low + asked.high) / 2;
    input.setAttribute("aria-labelledby", question.id);
    const shown = made("output", box, { textContent: input.value });
    input.addEventListener("input", () => (shown.textContent = input.value));
    made("button", box, { type: "button", textContent: "This is my answer" }).addEventListener("click", () => take(input.value));
    box.append(answer);
  }
}

// A slider shows pictures that were drawn when the notebook was stored.
for (const box of document.querySelectorAll(".slider")) {
  const { label, frames, start } = box.dataset, image = box.querySelector("img");
  const rows = [...box.querySelectorAll("tbody tr")].map((row) => [...row.cells].map((cell) => cell.textContent));
  const addresses = rows.map((_, i) => `${frames}${String(i).padStart(2, "0")}.webp`);
  const row = document.createElement("p");
  box.prepend(row);
  const name = made("label", row, { textContent: `${label} ` });
  const input = made("input", name, { type: "range", min: 0, max: rows.length - 1, step: 1 });
  input.value = start;
  const told = document.createElement("p");
  told.setAttribute("role", "status");
  row.after(told);
  function move() {
    const [value, sentence] = rows[input.value];
    input.setAttribute("aria-valuetext", value);
    told.textContent = `${label} = ${value}. ${sentence}`;
  }
  const fetchAll = () => addresses.forEach((address) => (new Image().src = address));
  input.addEventListener("focus", fetchAll, { once: true });
  input.addEventListener("pointerenter", fetchAll, { once: true });
  input.addEventListener("input", () => {
    move();
    image.src = addresses[input.value];
    image.alt = told.textContent;
  });
  move();
}

// The quiz of the front page: one sentence at a time.
for (const quiz of document.querySelectorAll(".quiz")) {
  const cards = [...quiz.querySelectorAll(".question")];
  quiz.classList.add("one");
  quiz.querySelector("p").textContent = "This sentence was measured. Does it hold?";
  const told = made("p", quiz, { role: "status" });
  const next = made("button", quiz, { type: "button", textContent: "Another one", hidden: true });
  let at = 0, right = 0, asked = 0;
  function show() {
    cards.forEach((card, i) => (card.hidden = i !== at));
    next.hidden = true;
  }
  for (const card of cards) {
    const measured = card.querySelector("details");
    measured.hidden = true;
    const buttons = document.createElement("div");
    measured.before(buttons);
    for (const [text, verdict] of [["It holds", "supported"], ["It does not", "refuted"]]) {
      made("button", buttons, { type: "button", textContent: text }).addEventListener("click", () => {
        const hit = card.dataset.verdict === verdict;
        asked += 1;
        right += hit;
        told.textContent = `${hit ? "Yes" : "No"}: ${card.querySelector(".verdict").textContent.toLowerCase()}. ${right} of ${asked} right.`;
        buttons.remove();
        measured.hidden = false;
        measured.open = true;
        next.hidden = at === cards.length - 1;
        if (!next.hidden) next.focus({ preventScroll: true });
        reachable();
      });
    }
  }
  next.addEventListener("click", () => {
    at += 1;
    show();
    cards[at].querySelector("button").focus({ preventScroll: true });
  });
  show();
}

// The register: filters and an order, both kept in the address.
const register = document.getElementById("register");
if (register) {
  const form = document.getElementById("filter"), shown = document.getElementById("shown");
  const body = register.tBodies[0], rows = [...body.rows], heads = [...register.tHead.rows[0].cells];
  const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
  const asked = new URLSearchParams(location.search);
  let sort = asked.get("sort") ?? "";
  for (const field of form.elements) if (field.name && asked.has(field.name)) field.value = asked.get(field.name);

  function order() {
    const key = sort.replace("-", ""), place = heads.findIndex((head) => head.dataset.key === key);
    const value = (row) => row.cells[place].dataset.by ?? row.cells[place].textContent;
    const compare = (a, b) => (isNaN(value(a)) ? value(a).localeCompare(value(b), "en") : value(a) - value(b));
    const sign = sort.startsWith("-") ? -1 : 1;
    body.append(...(place < 0 ? rows : [...rows].sort((a, b) => sign * compare(a, b))));
    heads.forEach((head, i) => head.setAttribute("aria-sort", i !== place ? "none" : sign > 0 ? "ascending" : "descending"));
  }
  function update() {
    const words = form.elements.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const kept = ["notebook", "verdict", "kind", "origin"].every((key) => [row.dataset[key], ""].includes(form.elements[key].value));
      row.hidden = !(kept && words.every((word) => texts.get(row).includes(word)));
      count += !row.hidden;
    }
    shown.textContent = `${count} of ${rows.length} claims`;
    const state = new URLSearchParams([...new FormData(form)].filter(([, value]) => value));
    if (sort) state.set("sort", sort);
    history.replaceState(null, "", location.pathname + (state.size ? `?${state}` : "") + location.hash);
  }
  heads.forEach((head) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      sort = sort === head.dataset.key ? `-${sort}` : head.dataset.key;
      order();
      update();
    });
  });
  form.hidden = false;
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    sort = "";
    order();
    update();
  }));
  order();
  update();
}
