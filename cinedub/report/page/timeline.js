// A film from start to end: clips kept and refused, cuts, and a lane for each speaker: a full bar on screen, a thin one off it.

function timeline(film, open) {
  const end = Math.max(film.end_ms, 1), lanes = film.speakers.length, height = 22 + 12 * lanes;
  const clips = film.clips.map(([start, stop, outcome, key]) => s("rect", {
    x: start, width: Math.max(stop - start, end / 2000), y: 2, height: 14, class: outcome === "kept" ? "kept" : "refused", "data-key": key,
    onclick: () => outcome === "kept" && open(key),
  }, s("title", null, `${clock(start)} to ${clock(stop)}: ${outcome}`)));
  const cuts = film.cuts.map((at) => s("line", { x1: at, x2: at, y1: 17, y2: height, class: "cut" }));
  const turns = film.turns.map(([who, start, stop, shown]) => s("rect", {
    x: start, width: stop - start, y: 21 + 12 * who + (shown ? 0 : 3), height: shown ? 9 : 3, class: colour(film.speakers, film.speakers[who]),
  }, s("title", null, `${film.speakers[who]}, ${shown ? "on" : "off"} screen, ${clock(start, true)} to ${clock(stop, true)}`)));
  const kept = film.clips.filter((clip) => clip[2] === "kept").length;
  const words = `${film.title}: ${plural(kept, "clip")} kept, ${film.clips.length - kept} refused, ${plural(lanes, "speaker")}, ${plural(film.cuts.length, "cut")} in clips`;
  const drawing = s("svg", { viewBox: `0 0 ${end} ${height}`, preserveAspectRatio: "none", role: "img", "aria-label": words }, cuts, clips, turns);
  drawing.style.blockSize = `${height * 1.4}px`;
  const marks = h("div", { class: "axis", "aria-hidden": "true" }, [0, 0.25, 0.5, 0.75, 1].map((part) => h("span", null, clock(part * end))));
  const wide = h("div", null, drawing, marks);
  const zoom = end > 300_000 && h("label", { class: "zoom" }, "Zoom ", h("input", {
    type: "range", min: 1, max: Math.ceil(end / 120_000), value: 1, oninput: (event) => { wide.style.inlineSize = `${100 * event.target.value}%`; },
  }));
  return h("figure", { class: "timeline" },
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `Timeline of ${film.title}` }, wide),
    h("figcaption", { class: "note" }, `${plural(kept, "clip")} kept, ${film.clips.length - kept} refused. `,
      h("span", { class: "key kept" }), "kept ", h("span", { class: "key refused" }), "refused ",
      h("span", { class: "key on" }), "on screen ", h("span", { class: "key off" }), "off screen ", zoom || null));
}

/** Who is in a film: face, voice, attributes, minutes. */
function gallery(film, choose) {
  return h("ul", { class: "cast" }, film.cast.map((person) => {
    const marks = [person.gender, person.age].filter((value) => value !== "uncertain");
    const sample = person.voice && new Audio(person.voice);
    const play = sample && h("button", { type: "button", "aria-pressed": "false", "aria-label": `Voice of ${person.id}`, class: "play", onclick: () => {
      if (sample.paused) sample.play(); else sample.pause();
    } }, "▶ voice");
    if (sample) {
      sample.addEventListener("play", () => { play.textContent = "■ stop"; play.setAttribute("aria-pressed", "true"); });
      sample.addEventListener("pause", () => { sample.currentTime = 0; play.textContent = "▶ voice"; play.setAttribute("aria-pressed", "false"); });
    }
    return h("li", { class: colour(film.speakers, person.id) },
      person.face ? h("img", { src: person.face, alt: `Face of ${person.id}`, width: 96, height: 96, loading: "lazy" }) : h("span", { class: "noface" }, "never seen"),
      h("div", null, h("strong", null, person.id), h("p", null, marks.join(", ") || "age and gender unknown"),
        person.timbre.length ? h("p", { class: "note" }, person.timbre.join(", ")) : null,
        h("p", { class: "note" }, `${duration(person.spoken_ms / 1000)} in ${plural(person.clips, "clip")}`),
        h("div", { class: "row" }, play || null,
          h("button", { type: "button", "aria-label": `Clips of ${person.id}`, onclick: () => choose({ film: film.id, speaker: person.id }) }, "clips"))));
  }));
}
