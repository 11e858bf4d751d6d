// One clip in full: player, lines with their words, what was corrected and why, what was measured, where it came from.

const dialog = document.getElementById("dialog");
let current = null;

async function openClip(key, row, around = []) {
  const opener = dialog.open ? null : document.activeElement;
  if (opener) dialog.addEventListener("close", () => opener.focus(), { once: true });
  if (current) current.playback.pause();
  current = null;
  let clip;
  try {
    clip = await source.clip(key);
  } catch (fault) {
    clip = { fault: fault.message };
  }
  const place = around.indexOf(key), steps = [["‹ Previous", place - 1], ["Next ›", place + 1]];
  const jump = (to) => openClip(around[to], null, around);
  const title = clip && clip.film ? `${clip.film.title} · ${clock(clip.span_ms[0])}` : (row ? `${row.title} · ${clock(row.start_ms)}` : key);
  const bar = h("header", { class: "bar" }, h("h2", { id: "clip-title" }, title),
    h("div", { class: "row" }, steps.map(([label, to]) => h("button", { type: "button", disabled: !(place >= 0 && around[to]), onclick: () => jump(to) }, label)),
      h("button", { type: "button", class: "close", onclick: () => dialog.close() }, "Close")));
  dialog.replaceChildren(bar, clip && clip.lines ? full(clip) : absent(key, row, clip));
  dialog.onkeydown = (event) => keys(event, place, around, jump);
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[autofocus]") || dialog.querySelector(".close")).focus();
  dialog.scrollTop = 0;
  history.replaceState(null, "", `#clip=${key}`);
}
dialog.addEventListener("close", () => {
  if (current) current.playback.pause();
  current = null;
  history.replaceState(null, "", "#clips");
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });

function keys(event, place, around, jump) {
  if (event.target.matches("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key.toLowerCase();
  const seek = (step) => current && current.playback.seek(current.playback.time + step);
  const does = {
    " ": () => current && current.playback.toggle(), arrowleft: () => seek(-1), arrowright: () => seek(1),
    n: () => around[place + 1] && jump(place + 1), p: () => place > 0 && jump(place - 1),
    1: () => sound("mix"), 2: () => sound("vocals"), 3: () => sound("background"),
  }[key];
  if (!does || (key === " " && event.target.matches("button, a, summary"))) return;
  event.preventDefault();
  does();
}

const sound = (name) => { const choice = dialog.querySelector(`input[name=sound][value=${name}]`); if (choice) choice.click(); };

/** What can be said of a clip that this page has no media for. */
function absent(key, row, clip) {
  const command = `cinedub view ${DATA.name}`;
  const why = clip && clip.fault ? clip.fault
    : row && row.outcome !== "kept" ? `A gate refused this clip: ${row.outcome}, ${short(row.value)} where ${short(row.threshold)} is the limit.`
      : "This page carries a sample of the clips; this one's pictures and sounds are not among them.";
  return h("div", { class: "absent" }, h("p", null, why), row && row.text ? h("blockquote", null, row.text) : null,
    row && row.outcome === "kept" && DATA.mode === "file"
      ? h("p", null, "See it with ", h("code", null, command), ", or in ", h("a", { href: `shards/${row.shard}.tar` }, `${row.shard}.tar`), " under ", h("code", null, key)) : null,
    row && row.outcome !== "kept" ? restoring(row) : null);
}

function full(clip) {
  const names = clip.speakers.map((speaker) => speaker.id);
  const scene = clip.media && clip.media.mp4 ? player(clip) : null;
  current = scene;
  const lines = h("ol", { class: "lines" }, clip.lines.map((line, number) => lineOf(clip, line, number, names, scene)));
  return h("div", { class: "clip" },
    h("div", null, scene ? scene.node : h("p", { class: "warn" }, clip.fault || "No pictures and sounds of this clip here."), measured(clip)),
    h("div", null, badges(clip), clip.clue ? h("p", { class: "clue", lang: clip.language }, clip.clue) : null,
      h("h3", null, "Lines"), clip.lines.length ? lines : h("p", { class: "note" }, "No words were understood."),
      corrections(clip), reviewing(clip), people(clip, names), origin(clip)));
}

function badges(clip) {
  const feeling = clip.emotion.label === "uncertain" ? "emotion uncertain" : `${clip.emotion.label} ${Math.round(100 * clip.emotion.confidence)} %`;
  return h("p", { class: "badges" }, [clip.kind, clip.language === "zh" ? "Chinese" : "English", feeling, clip.split, duration((clip.span_ms[1] - clip.span_ms[0]) / 1000)]
    .map((text) => h("span", { class: "badge" }, text)), clip.rejected ? h("span", { class: "badge bad" }, "rejected: leaves with the next build") : null);
}

function lineOf(clip, line, number, names, scene) {
  const spoken = line.words.map((word, place) => {
    const node = h("span", { class: word.confidence < 0.5 ? "w unsure" : "w", title: `${clock(word.start_ms, true)}, confidence ${short(word.confidence)}` }, word.text);
    if (scene) {
      scene.words.push({ node, start: word.start_ms, end: word.end_ms });
      node.addEventListener("click", () => scene.playback.seek(word.start_ms / 1000));
    }
    return [place && clip.language === "en" ? " " : "", node];
  });
  const at = h("button", { type: "button", class: "at", disabled: !scene, "aria-label": `Play line ${number + 1} from ${clock(line.start_ms, true)}`, onclick: () => {
    scene.playback.seek(line.start_ms / 1000);
    if (!scene.playback.playing) scene.playback.play();
  } }, clock(line.start_ms, true));
  return h("li", { class: colour(names, line.speaker) },
    h("div", { class: "row" }, at, h("strong", { class: "who" }, line.speaker), h("span", { class: "note" }, line.on_screen ? "on screen" : "off screen"),
      line.emotion.label === "uncertain" ? null : h("span", { class: "note" }, line.emotion.label)),
    h("p", { class: "said", lang: clip.language }, spoken.length ? spoken : line.text),
    line.asr_text !== line.text ? h("p", { class: "heard", lang: clip.language }, h("span", { class: "note" }, "heard → corrected: "), difference(line.asr_text, line.text, clip.language)) : null,
    editor(clip, line, number, names));
}

/** Two texts as one, with what went and what came marked: the longest common run of words (Chinese: characters) stays. */
function difference(before, after, language) {
  const units = (text) => (language === "zh" ? Array.from(text) : text.match(/\S+\s*/g) || []);
  const a = units(before), b = units(after), longest = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) for (let j = b.length - 1; j >= 0; j--) {
    longest[i][j] = a[i].trim() === b[j].trim() ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  }
  const parts = [];
  const add = (tag, text) => { const last = parts.at(-1); if (last && last[0] === tag) last[1] += text; else parts.push([tag, text]); };
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i].trim() === b[j].trim()) { add("span", b[j++]); i++; }
    else if (i < a.length && (j === b.length || longest[i + 1][j] >= longest[i][j + 1])) add("del", a[i++]);
    else add("ins", b[j++]);
  }
  return parts.map(([tag, text]) => h(tag, null, text));
}

function corrections(clip) {
  if (!clip.corrections.length) return h("p", { class: "note" }, "Nothing was proposed to be corrected.");
  const kept = clip.corrections.filter((edit) => edit.verdict === "accepted").length;
  return h("section", { class: "corrections" }, h("h3", null, "Corrections"),
    h("p", { class: "note" }, `${plural(clip.corrections.length, "proposal")}, ${kept} accepted`),
    h("ol", null, clip.corrections.map((edit) => h("li", { class: edit.verdict },
      h("p", null, h("span", { class: `badge ${edit.verdict === "accepted" ? "good" : "bad"}` }, edit.verdict), ` ${edit.kind}, line ${edit.line + 1}: `,
        h("span", { class: "diff", lang: clip.language }, edit.kind === "text" ? difference(edit.before, edit.after, clip.language) : [h("del", null, edit.before), " → ", h("ins", null, edit.after)])),
      h("p", { class: "note" }, [edit.reason, `by ${edit.by}`].filter(Boolean).join(" · ")),
      Object.keys(edit.evidence).length ? h("details", null, h("summary", null, "Evidence"), facts(edit.evidence)) : null))));
}

/** Nested facts as a list of names and values. */
function facts(value) {
  if (value === null || typeof value !== "object") return h("span", null, short(value));
  return h("dl", null, Object.entries(value).map(([name, inner]) => [h("dt", null, name.replaceAll("_", " ")), h("dd", null, facts(inner))]));
}

function measured(clip) {
  const { dnsmos, snr_db: snr, asr_confidence: confidence, overlap_ms: overlap, sync } = clip.quality;
  const rows = [["Speech quality (DNSMOS)", short(dnsmos)], ["Voice over background", `${short(snr)} dB`], ["Recogniser's confidence", short(confidence)],
    ["Two voices at once", `${overlap} ms`], ["Sound against lips", sync ? `${sync.offset_ms} ms (confidence ${short(sync.confidence)})` : "no mouth seen"]];
  return h("dl", { class: "measured" }, rows.map(([name, value]) => h("div", null, h("dt", null, name), h("dd", null, value))));
}

function people(clip, names) {
  return h("section", null, h("h3", null, "Speakers"), h("ul", { class: "people" }, clip.speakers.map((person) => h("li", { class: colour(names, person.id) },
    h("strong", null, person.id), " ", [person.gender, person.age, ...(person.timbre || [])].filter((mark) => mark !== "uncertain").join(", ") || "nothing known"))));
}

function origin(clip) {
  const stages = clip.provenance.stages.map((stage) => [stage.name, stage.role || "", stage.backend || "", (stage.model_sha256 || "").slice(0, 12)]);
  return h("details", { class: "origin" }, h("summary", null, "Where it came from"),
    h("p", null, h("code", null, clip.key), " in ", h("code", null, clip.shard), `, film ${clock(clip.span_ms[0], true)} to ${clock(clip.span_ms[1], true)}, CineDub ${clip.provenance.code}`),
    table("Stages, backends and models", ["stage", "role", "backend", "model"], stages));
}
