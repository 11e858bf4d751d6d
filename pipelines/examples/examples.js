// The examples: every clip's versions side by side, with what was measured on them. dom.js comes before.

const DATA = JSON.parse(document.getElementById("data").textContent);
const TONGUES = { en: "English", zh: "Chinese" };
const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = (value) => `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(1)}`;
const rate = (language) => (language === "zh" ? "CER" : "WER");
const number = (value, digits, unit = "") => (value === null || value === undefined ? "–" : `${value.toFixed(digits)}${unit}`);

function figures(version, language) {
  const found = version.figures, change = version.change || {};
  const rows = [[rate(language), `${percent(found.error_rate)} of ${found.words}`], ["borders off by", number(found.slot_ms, 0, " ms")],
    ["voice similarity", number(found.similarity, 2)], ["DNSMOS", number(found.dnsmos, 2)]];
  const units = { pitch: "semitones", range: "semitones", tilt: "dB", level: "dB" };
  for (const [name, value] of Object.entries(change)) rows.push([name, `${signed(value)} ${units[name]}`]);
  return h("dl", { class: "told" }, rows.map(([name, value]) => [h("dt", null, name), h("dd", null, value)]));
}

function version(one, language, about) {
  const named = `${about}: ${one.label}`;
  const player = one.src.endsWith(".wav") ? h("audio", { src: one.src, controls: true, preload: "metadata", "aria-label": named })
    : h("video", { src: one.src, controls: true, preload: "metadata", playsinline: true, "aria-label": named });
  return h("figure", null, h("figcaption", { lang: /[\u4e00-\u9fff]/.test(one.label) ? "zh" : null }, one.label), player, one.figures ? figures(one, language) : null,
    one.heard ? h("p", { class: "note heard" }, "Whisper hears: ", h("span", { lang: language }, one.heard.join(" / ") || "nothing")) : null);
}

function example(one, topic) {
  const { language, lines } = one.script, people = [...new Set(lines.map((line) => line.speaker))];
  return h("article", { class: "example" }, h("h3", null, TONGUES[language], h("small", null, ` · ${clock(one.script.duration_ms, true)}`)),
    h("ul", { class: "lines" }, lines.map((line) => h("li", { class: colour(people, line.speaker) }, h("span", { class: "who" }, line.speaker), " ",
      h("span", { class: "note" }, `${clock(line.start_ms, true)} · ${line.emotion}${line.on_screen ? "" : " · not seen"}`), " ", h("span", { lang: language }, line.text)))),
    h("div", { class: "versions" }, one.versions.map((shown) => version(shown, language, `${topic.title}, ${TONGUES[language]}`))));
}

function section(id, title, ...content) {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...content);
}

function totals() {
  const rows = DATA.totals.map((row) => [TONGUES[row.language], row.label, count(row.clips), count(row.words), `${percent(row.error_rate)} ${rate(row.language)}`,
    number(row.slot_ms, 0, " ms"), number(row.similarity, 2), number(row.dnsmos, 2)]);
  return table("All scenes below, each language together", ["language", "system", "clips", "words or characters", "wrong", "borders off by", "voice similarity", "DNSMOS"], rows, [2, 3, 4, 5, 6, 7]);
}

document.getElementById("head").append(h("p", { class: "brand" }, "CineDub"), h("h1", null, "Dubbing examples"),
  h("p", null, "Silent video, text and times, voices and emotions go in; speech in sync comes out. Films, faces and voices here are generated. Lines, faces and voices are of the "
    + "test split: no training set has them, though some voices are higher, lower or blended versions of voices that training heard. Nothing was chosen by its result."));
document.getElementById("main").append(
  section("clips", "In figures", totals(),
    h("p", { class: "note" }, "Small numbers: a few clips a language, heard by Whisper base, whose own errors are in the row of the original. WER counts words, CER Chinese characters. "
      + "Borders: how far speech begins and ends from where its line does, median; the original's own lines begin and end with a little silence. Similarity: CAM++ cosine with the "
      + "voice asked for; the Chinese films' voices were made from voices that the baseline has, so it is near them without trying. The baseline is Kokoro at its own pace in a ready voice of "
      + "the speaker's gender, stretched into the slot with rubberband. All are measured without the background that they play over here; make evaluate measures more clips and says more."),
    h("p", { class: "note" }, DATA.shipped ? "Checkpoint: the one that comes with CineDub, " : "Checkpoint ", h("code", null, DATA.checkpoint.slice(0, 16)), `. CineDub ${DATA.code}. Scorers: `,
      h("code", null, Object.entries(DATA.scorers).map(([role, digest]) => `${role} ${digest.slice(0, 32)}`).join(", ")), ".")),
  ...DATA.topics.map((topic) => section(topic.id, topic.title, topic.note ? h("p", { class: "note" }, topic.note) : null, topic.examples.map((one) => example(one, topic)))));
document.getElementById("nav").append(h("ul", null, DATA.topics.map((topic) => h("li", null, h("a", { href: `#${topic.id}` }, topic.title.split(":")[0])))));
document.addEventListener("play", (event) => {
  for (const other of document.querySelectorAll("video, audio")) if (other !== event.target) other.pause();
}, true);
