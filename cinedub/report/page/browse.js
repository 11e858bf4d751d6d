// Clips to search, filter and open.

const FILTERS = [["kind", "Kind"], ["emotion", "Emotion"], ["language", "Language"], ["split", "Split"]];
const ORDERS = [["", "film and time"], ["dnsmos", "worst speech quality", false], ["snr_db", "lowest SNR", false], ["asr_confidence", "least confident", false],
  ["sync", "furthest out of sync", true], ["overlap_ms", "most overlap", true], ["corrections", "most corrections", true], ["duration_ms", "longest", true]];
const STEP = 24;

function clipsSection() {
  const options = Object.fromEntries(DATA.categories.map((category) => [category.column, Object.keys(category.counts)]));
  const select = (name, label, values) => h("label", null, label, h("select", { name }, h("option", { value: "" }, "all"), values.map((value) => h("option", { value }, value))));
  const search = h("label", { class: "search" }, "Search", h("input", { type: "search", name: "text", placeholder: "words, or a key", autocomplete: "off" }));
  const film = h("label", null, "Film", h("input", { name: "film", list: "titles", placeholder: "all", autocomplete: "off" }));
  const speaker = h("label", null, "Speaker", h("input", { name: "speaker", placeholder: "all", autocomplete: "off", size: 8 }));
  const sort = h("label", null, "Sort by", h("select", { name: "sort" }, ORDERS.map(([value, label]) => h("option", { value }, label))));
  const form = h("form", { class: "filters", role: "search", "aria-label": "Filter clips", onsubmit: (event) => event.preventDefault() },
    search, film, speaker, FILTERS.map(([name, label]) => select(name, label, options[name] || [])), select("outcome", "Gate", DATA.outcomes), sort,
    h("button", { type: "reset" }, "Clear"));
  const titles = h("datalist", { id: "titles" }, DATA.films.slice(0, 500).map((one) => h("option", { value: one.title })));
  const status = h("p", { role: "status", class: "note" }), list = h("ul", { class: "cards" });
  const more = h("button", { type: "button", hidden: true, onclick: () => load(false) }, "More");
  let rows = [], asked = 0;

  async function load(anew) {
    const turn = ++asked;
    const wanted = Object.fromEntries(new FormData(form));
    const order = ORDERS.find(([value]) => value === wanted.sort);
    const found = await source.find({ ...wanted, descending: Boolean(order[2]), offset: anew ? 0 : rows.length, limit: STEP });
    if (turn !== asked) return;
    rows = anew ? found.rows : rows.concat(found.rows);
    const sample = DATA.mode === "file" && DATA.clips.total > DATA.clips.rows.length ? ` of a sample of ${count(DATA.clips.rows.length)} out of ${count(DATA.clips.total)}` : "";
    status.textContent = found.total ? `${plural(found.total, "clip")}${sample}` : `No clip matches${sample}.`;
    list.replaceChildren(...rows.map((row) => card(row, rows)));
    more.hidden = rows.length >= found.total;
  }

  let timer = 0;
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => load(true), 150); });
  form.addEventListener("reset", () => setTimeout(() => load(true)));
  load(true);
  const choose = (filters) => {
    for (const [name, value] of Object.entries(filters)) form.elements[name].value = value;
    load(true);
    document.getElementById("clips").scrollIntoView();
    form.elements.text.focus({ preventScroll: true });
  };
  return { node: section("clips", "Clips", form, titles, status, list, more), choose, focus: () => form.elements.text.focus() };
}

function card(row, rows) {
  const kept = row.outcome === "kept", still = source.still(row);
  const open = () => openClip(row.key, row, rows.filter((one) => one.outcome === "kept").map((one) => one.key));
  return h("li", null, h("button", { type: "button", class: kept ? "card" : "card gone", "data-key": row.key, onclick: open },
    still ? h("img", { src: still, alt: "", loading: "lazy" }) : h("span", { class: "nostill" }, kept ? "not in this page" : "refused"),
    h("span", { class: "row" }, h("span", { class: "badge" }, kept ? row.kind : row.outcome), h("span", { class: "note" }, duration((row.end_ms - row.start_ms) / 1000)),
      kept && row.emotion !== "uncertain" ? h("span", { class: "note" }, row.emotion) : null),
    h("span", { class: "text", lang: row.language || null }, row.text || "no words"),
    h("span", { class: "note" }, `${row.title} ${clock(row.start_ms)}`, kept ? ` · ${(row.speaker_ids || []).join(", ")} · DNSMOS ${short(row.dnsmos)}` : ` · ${short(row.value)}, limit ${short(row.threshold)}`)));
}
