// A clip to watch and hear: picture, choice of sound, captions, and under them who speaks, the waveform and how far mouths are open.

const SOUNDS = [["mix", "Mix"], ["vocals", "Voices"], ["background", "Background"]];

function player(clip) {
  const length = clip.span_ms[1] - clip.span_ms[0], names = clip.speakers.map((speaker) => speaker.id);
  const video = h("video", { src: clip.media.mp4, playsinline: true, preload: "auto", "aria-label": "Picture of the clip" });
  caption(video, clip);
  const words = [];
  const strip = signals(clip, names, length, (ms) => playback.seek(ms / 1000));
  const button = h("button", { type: "button", class: "play main", autofocus: true, "aria-label": "Play", onclick: () => playback.toggle() }, "▶");
  const slider = h("input", { type: "range", min: 0, max: length, step: 10, value: 0, "aria-label": "Position", oninput: () => playback.seek(slider.value / 1000) });
  const place = h("output", { class: "time" }, clock(0, true));
  const sounds = SOUNDS.map(([name, label]) => h("label", { class: "choice" },
    h("input", { type: "radio", name: "sound", value: name, checked: name === "mix", onchange: () => playback.choose(name) }), label));
  const cc = h("button", { type: "button", "aria-pressed": "true", onclick: () => {
    const track = video.textTracks[0], on = track.mode !== "showing";
    track.mode = on ? "showing" : "hidden";
    cc.setAttribute("aria-pressed", String(on));
  } }, "Captions");
  const volume = h("input", { type: "range", min: 0, max: 1, step: 0.05, value: 1, "aria-label": "Volume", oninput: () => { playback.audio.volume = volume.value; } });
  const playback = new Playback(video, clip.media, "mix", (now) => {
    const ms = now.time * 1000;
    button.textContent = now.playing ? "❚❚" : "▶";
    button.setAttribute("aria-label", now.playing ? "Pause" : "Play");
    slider.value = ms;
    slider.setAttribute("aria-valuetext", clock(ms, true));
    place.textContent = `${clock(ms, true)} / ${clock(length, true)}`;
    strip.move(ms);
    for (const word of words) word.node.classList.toggle("now", ms >= word.start && ms < word.end);
  });
  const node = h("div", { class: "player" }, h("div", { class: "picture" }, video),
    h("div", { class: "controls" }, button, slider, place),
    h("div", { class: "controls" }, h("fieldset", { class: "sounds" }, h("legend", null, "Sound"), sounds), cc, h("label", { class: "volume" }, "Volume ", volume)),
    strip.node);
  return { node, playback, words };
}

/** The lines as captions; signs that captions give a meaning are spelled so that they show as themselves. */
function caption(video, clip) {
  const track = video.addTextTrack("captions", "Lines", clip.language);
  const plain = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  for (const line of clip.lines) track.addCue(new VTTCue(line.start_ms / 1000, line.end_ms / 1000, plain(line.text)));
  track.mode = "showing";
}

/** Turns, waveform and mouths over time, with a line for now. */
function signals(clip, names, length, seek) {
  const lane = 10, wave = names.length * lane + 4, mouth = wave + 44, height = Object.keys(clip.mouths).length ? mouth + 34 : mouth;
  const turns = clip.turns.map((turn) => s("rect", {
    x: turn.start_ms, width: turn.end_ms - turn.start_ms, y: names.indexOf(turn.speaker) * lane, height: lane - 2, class: colour(names, turn.speaker),
  }, s("title", null, `${turn.speaker}, ${clock(turn.start_ms, true)} to ${clock(turn.end_ms, true)}`)));
  const cuts = clip.shots_ms.slice(1).map(([start]) => s("line", { x1: start, x2: start, y1: 0, y2: height, class: "cut" }));
  const shapes = ["background", "vocals"].map((name) => s("path", { class: `wave ${name}`, d: outline(curve(clip.peaks[name]), length, wave + 20, 20) }));
  const mouths = Object.entries(clip.mouths).map(([name, text]) => s("path", { class: `mouth ${colour(names, name)}`, d: opening(curve(text), mouth + 30, 28) }));
  const now = s("line", { x1: 0, x2: 0, y1: 0, y2: height, class: "now" });
  const drawing = s("svg", { viewBox: `0 0 ${length} ${height}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `Who speaks (${names.join(", ")}), waveform of voices and background, mouth opening of ${Object.keys(clip.mouths).join(", ") || "nobody"}; ${plural(clip.shots_ms.length, "shot")}`,
    onclick: (event) => { const box = drawing.getBoundingClientRect(); seek((length * (event.clientX - box.left)) / box.width); },
  }, turns, shapes, mouths, cuts, now);
  drawing.style.blockSize = `${height * 1.25}px`;
  const keys = h("p", { class: "note legend" }, names.map((name) => h("span", null, h("span", { class: `key ${colour(names, name)}` }), name)),
    h("span", null, h("span", { class: "key vocals" }), "voices"), h("span", null, h("span", { class: "key background" }), "background"),
    Object.keys(clip.mouths).length ? h("span", null, "lines below: how far mouths are open") : h("span", null, "no speaker's mouth is seen"),
    clip.shots_ms.length > 1 ? h("span", null, h("span", { class: "key cutmark" }), "cut") : null);
  return { node: h("div", { class: "signals" }, drawing, keys), move: (ms) => { now.setAttribute("x1", ms); now.setAttribute("x2", ms); } };
}

function outline(levels, length, middle, half) {
  const step = length / Math.max(levels.length, 1);
  const at = (index, sign) => `${((index + 0.5) * step).toFixed(0)} ${(middle - sign * Math.max(half * Math.sqrt(levels[index] / 255), 0.3)).toFixed(1)}`;
  const upper = Array.from(levels, (_, index) => at(index, 1)), lower = Array.from(levels, (_, index) => at(levels.length - 1 - index, -1));
  return levels.length ? `M${upper.join("L")}L${lower.join("L")}Z` : "";
}

function opening(levels, bottom, height) {
  let path = "", down = false;
  levels.forEach((level, frame) => {
    if (level !== 255) path += `${down ? "L" : "M"}${frame * 40 + 20} ${(bottom - (height * level) / 254).toFixed(1)}`;
    down = level !== 255;
  });
  return path;
}
