const slides = [...document.querySelectorAll(".slide")];
// Large where little stands, smaller where much does.
const fit = (slide) => {
  const body = slide.querySelector(".body");
  const most = body.querySelector(".shown") ? 1 : 1.35;
  for (let size = most; size > 0.4; size -= 0.05) {
    body.style.setProperty("--fit", size);
    if (body.scrollHeight <= body.clientHeight && body.scrollWidth <= body.clientWidth) return;
  }
};
addEventListener("load", () => slides.forEach(fit)); // pictures have their size then
let at = Math.max(0, Math.min(slides.length, parseInt(location.hash.slice(1)) || 1) - 1);
const go = (place) => {
  at = Math.max(0, Math.min(slides.length - 1, place));
  slides[at].scrollIntoView();
  history.replaceState(null, "", "#" + (at + 1));
};
const steps = { ArrowRight: 1, PageDown: 1, " ": 1, ArrowLeft: -1, PageUp: -1 };
addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key in steps) go(at + steps[event.key]);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(slides.length - 1);
  else if (event.key === "n") {
    document.body.classList.toggle("speaking");
    go(at);
  } else return;
  event.preventDefault();
});
go(at);
