// The page, put together.

const clips = clipsSection();
const open = (key, row) => openClip(key, row || null, [key]);
document.getElementById("head").append(...head());
document.getElementById("main").append(overviewSection(), filmsSection(open, clips.choose), clips.node, qualitySection(clips.choose), worstSection(open), runSection(),
  h("footer", { class: "note" }, "Keys: / search; in a clip: space plays, ← → one second, 1 2 3 choose the sound, N P next and previous, Esc closes."));
document.getElementById("nav").append(h("ul", null, [["overview", "Overview"], ["films", "Films"], ["clips", "Clips"], ["quality", "Spread"], ["gates", "Gates"], ["run", "Build"]]
  .map(([id, label]) => h("li", null, h("a", { href: `#${id}` }, label)))));
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !dialog.open && !event.target.matches("input, textarea, select")) {
    event.preventDefault();
    clips.focus();
  }
});
const linked = /^#clip=([a-z0-9_-]+)$/.exec(location.hash);
if (linked) open(linked[1]);
