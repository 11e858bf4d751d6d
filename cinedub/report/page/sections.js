// The page's sections on the dataset as a whole.

function section(id, title, ...content) {
  return h("section", { id, "aria-labelledby": `${id}-title` }, h("h2", { id: `${id}-title` }, title), ...content);
}

function head() {
  const numbers = DATA.numbers, share = numbers.film_s ? ` · ${((100 * numbers.media_s) / numbers.film_s).toFixed(0)} % of the footage` : "";
  const figures = [[plural(numbers.films, "film"), duration(numbers.film_s)], [plural(numbers.records, "clip"), `${duration(numbers.media_s)}${share}`],
    [plural(numbers.speakers, "speaker"), `${duration(numbers.speech_s)} of speech`], [bytes(DATA.bytes), plural(DATA.shards.length, "shard")]];
  return [h("p", { class: "brand" }, "CineDub", DATA.edit ? h("span", { class: "badge" }, "editing") : null), h("h1", null, DATA.name),
    h("ul", { class: "figures" }, figures.map(([big, small]) => h("li", null, h("strong", null, big), h("span", null, small))))];
}

function overviewSection() {
  return section("overview", "From footage to clips", funnel(DATA.funnel));
}

function filmsSection(open, choose) {
  const stage = h("div", { class: "film" });
  const ids = DATA.mode === "file" ? Object.keys(DATA.timelines) : DATA.films.map((film) => film.id);
  const titles = Object.fromEntries(DATA.films.map((film) => [film.id, film.title]));
  const show = async (id) => {
    stage.setAttribute("aria-busy", "true");
    const film = await source.film(id);
    const more = film.people > film.cast.filter((person) => person.voice || person.face).length ? h("p", { class: "note" }, `${plural(film.people, "person", "people")} in all; the first have face and voice here.`) : null;
    stage.replaceChildren(h("h3", null, film.title, film.series ? h("small", null, ` · ${film.series}`) : null), timeline(film, open), h("h3", null, "Cast"), gallery(film, choose), more || "",
      h("p", null, h("button", { type: "button", onclick: () => choose({ film: film.id, speaker: "" }) }, "Show its clips")));
    stage.removeAttribute("aria-busy");
  };
  const select = h("select", { "aria-label": "Film", onchange: () => show(select.value) }, ids.map((id) => h("option", { value: id }, titles[id] || id)));
  if (ids.length) show(ids[0]);
  const all = Object.keys(titles).length;
  const note = DATA.mode === "file" && ids.length < DATA.numbers.films ? `${ids.length} of ${plural(DATA.numbers.films, "film")} are in this page; cinedub view ${DATA.name} shows all.` : "";
  return section("films", "Films and cast", ids.length > 1 ? h("p", null, h("label", null, "Film ", select)) : null, note ? h("p", { class: "note" }, note) : null,
    all ? stage : h("p", { class: "note" }, "No film has a clip that was kept."));
}

function qualitySection(choose) {
  return section("quality", "How it is spread", h("div", { class: "charts" }, DATA.measures.map(histogram), DATA.categories.map((category) => shares(category, (column, value) => choose({ [column]: value })))));
}

function worstSection(open) {
  const value = (gate, row) => (row.outcome === "kept" ? row[gate.column === "sync" ? "sync_offset_ms" : gate.column] : row.value);
  const gates = DATA.worst.filter((gate) => gate.rows.length).map((gate) => h("article", { class: "gate" },
    h("h3", null, gate.code, h("small", null, gate.threshold === null ? "" : ` limit ${short(gate.threshold)} ${gate.unit === "ms" && gate.column === "overlap_ms" ? "of the speech" : gate.unit}`)),
    h("p", { class: "note" }, gate.refused ? `${plural(gate.refused, "clip")} refused` : "nothing refused"),
    h("ol", null, gate.rows.map((row) => h("li", null, h("button", { type: "button", class: "case", onclick: () => open(row.key, row) },
      h("strong", { class: row.outcome === "kept" ? null : "bad" }, `${short(value(gate, row))} ${row.outcome === "kept" ? gate.unit : ""}`),
      h("span", { class: "note" }, `${row.outcome === "kept" ? "kept" : "refused"} · ${row.title} ${clock(row.start_ms)}`), h("span", { lang: row.language || null }, row.text || "no words")))))));
  return section("gates", "Nearest to each gate", gates.length ? h("div", { class: "gates" }, gates) : h("p", { class: "note" }, "No clips were measured."));
}

function runSection() {
  const stages = DATA.stages.map((stage) => [stage.stage, count(stage.done), count(stage.failed), count(stage.dropped), count(stage.cached), duration(stage.media_s), duration(stage.busy_s),
    stage.real_time_factor === null ? "" : short(stage.real_time_factor)]);
  const letters = DATA.failures.map((letter) => [letter.stage, letter.code, letter.message, letter.key]);
  const models = Object.entries(DATA.models).map(([role, digest]) => [role, h("code", null, String(digest).slice(0, 16))]);
  return section("run", "The build", h("p", { class: "note" }, `${duration(DATA.wall_s)}, ${Math.round(DATA.peak_mb)} MB at most, CineDub ${DATA.numbers.code}, digest `, h("code", null, DATA.numbers.digest.slice(0, 16))),
    DATA.failed ? table(`What failed: ${plural(DATA.failed, "element")}`, ["stage", "code", "why", "which"], letters) : h("p", null, "Nothing failed."),
    stages.length ? table("Stages", ["stage", "done", "failed", "refused", "from cache", "film", "work", "× real time"], stages, [1, 2, 3, 4, 5, 6, 7]) : null,
    h("details", null, h("summary", null, "Models and shards"), table("Models", ["role", "digest"], models),
      table("Shards", ["file", "records", "size"], DATA.shards.map((shard) => [DATA.mode === "file" ? h("a", { href: shard.uri }, shard.uri) : shard.uri, count(shard.records), bytes(shard.bytes)]), [1, 2])));
}
