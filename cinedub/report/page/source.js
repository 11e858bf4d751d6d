// Where the page gets clips and films from: what it carries itself, or the server that it came from.

const DATA = JSON.parse(document.getElementById("data").textContent);

class Carried {
  find(query) {
    const folded = (text) => String(text || "").toLowerCase();
    const rows = DATA.clips.rows.filter((row) =>
      ["kind", "emotion", "language", "split", "outcome"].every((name) => !query[name] || row[name] === query[name])
      && (!query.film || row.film === query.film || folded(row.title).includes(folded(query.film)))
      && (!query.speaker || (row.speaker_ids || []).includes(query.speaker))
      && (!query.text || folded(row.text).includes(folded(query.text)) || row.key.includes(folded(query.text))));
    if (query.sort) {
      const sign = query.descending ? -1 : 1;
      const value = (row) => ({ duration_ms: row.end_ms - row.start_ms, sync: Math.abs(row.sync_offset_ms) })[query.sort] ?? row[query.sort];
      const last = (row) => (Number.isFinite(value(row)) ? value(row) : sign * Infinity);
      rows.sort((a, b) => sign * (last(a) - last(b)) || 0);
    }
    return Promise.resolve({ total: rows.length, rows: rows.slice(query.offset, query.offset + query.limit) });
  }

  clip(key) { return Promise.resolve(DATA.details[key] || null); }

  film(id) { return Promise.resolve(DATA.timelines[id] || null); }

  still(row) { return (DATA.details[row.key] || {}).still || null; }
}

class Served {
  async ask(path, options) {
    const answer = await fetch(path, options);
    const body = await answer.json().catch(() => ({ error: answer.statusText }));
    if (!answer.ok) throw new Error(body.error || answer.statusText);
    return body;
  }

  find(query) { return this.ask(`/api/clips?${new URLSearchParams(Object.entries(query).filter(([, value]) => value !== "" && value !== false))}`); }

  clip(key) { return this.ask(`/api/clip/${encodeURIComponent(key)}`); }

  film(id) { return this.ask(`/api/film/${encodeURIComponent(id)}`); }

  still(row) { return row.outcome === "kept" ? `/still/${encodeURIComponent(row.key)}` : null; }

  edit(edit) {
    return this.ask("/api/edits", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(edit) });
  }
}

const source = DATA.mode === "file" ? new Carried() : new Served();
