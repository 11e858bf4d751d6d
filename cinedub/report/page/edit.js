// A person's word on a clip. Without a server that takes edits, nothing of this shows.

function editor(clip, line, number, names) {
  if (!DATA.edit) return null;
  const text = h("textarea", { rows: 2, lang: clip.language, "aria-label": `Text of line ${number + 1}` }, line.text);
  const who = h("select", { "aria-label": `Speaker of line ${number + 1}` }, names.map((name) => h("option", { selected: name === line.speaker }, name)));
  const [start, end] = [["start", line.start_ms], ["end", line.end_ms]].map(([label, ms]) =>
    h("input", { type: "number", min: 0, max: clip.span_ms[1] - clip.span_ms[0], step: 10, value: ms, "aria-label": `${label} of line ${number + 1} in ms` }));
  const fault = h("p", { class: "warn", role: "alert" });
  const store = async (event) => {
    event.preventDefault();
    const times = `${Number(start.value)}-${Number(end.value)}`;
    const wanted = [["text", line.text, text.value.trim()], ["speaker", line.speaker, who.value], ["time", `${line.start_ms}-${line.end_ms}`, times]];
    const now = { line: number, start_ms: line.start_ms, end_ms: line.end_ms };
    const changes = wanted.filter(([, before, after]) => before !== after).map(([kind, before, after]) => ({ kind, before, after, ...now }));
    try {
      if (!changes.length) throw new Error("Nothing was changed.");
      await source.edit({ key: clip.key, changes });
      await openClip(clip.key, null, [clip.key]);
    } catch (problem) {
      fault.textContent = problem.message;
    }
  };
  return h("details", { class: "editor" }, h("summary", null, "Edit"),
    h("form", { onsubmit: store }, text, h("div", { class: "row" }, who, h("label", null, "from ", start), h("label", null, "to ", end), " ms",
      h("button", { type: "submit" }, "Save")), fault));
}

/** What people said of the clip so far, and whether it stays. */
function reviewing(clip) {
  if (!DATA.edit && !(clip.edits || []).length) return null;
  const said = (clip.edits || []).map((edit) => h("li", null, `${edit.at.replace("T", " ").slice(0, 16)} ${edit.by}: ${edit.kind} `,
    edit.kind === "reject" || edit.kind === "restore" ? "" : [h("del", null, edit.before), " → ", h("ins", null, edit.after)],
    edit.state ? h("span", { class: "note" }, ` (${edit.state})`) : null));
  const fault = h("p", { class: "warn", role: "alert" });
  const verdict = (kind) => source.edit({ key: clip.key, changes: [{ kind }] }).then(() => openClip(clip.key, null, [clip.key])).catch((problem) => { fault.textContent = problem.message; });
  return h("section", { class: "review" }, h("h3", null, "Review"), said.length ? h("ul", null, said) : h("p", { class: "note" }, "No edits yet."),
    DATA.edit ? h("div", { class: "row" }, clip.rejected
      ? h("button", { type: "button", onclick: () => verdict("restore") }, "Keep this clip after all")
      : h("button", { type: "button", class: "danger", onclick: () => verdict("reject") }, "Reject this clip")) : null,
    fault, DATA.edit ? h("p", { class: "note" }, "The next ", h("code", null, "cinedub build"), " into this folder applies what is said here.") : null);
}

/** A clip that a person rejected can be called back. */
function restoring(row) {
  if (!DATA.edit || row.outcome !== "REJECTED") return null;
  const note = h("p", { role: "status" });
  return h("div", null, h("button", { type: "button", onclick: () => source.edit({ key: row.key, changes: [{ kind: "restore" }] })
    .then(() => { note.textContent = "It comes back with the next build."; }).catch((problem) => { note.textContent = problem.message; }) }, "Keep this clip after all"), note);
}
