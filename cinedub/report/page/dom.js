// Elements, and figures as people read them. Text is only ever set as text: nothing from a dataset is parsed as HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element of the namespace: attributes (`on…` are listeners; null and false are left out) and children (null is left out, others are nodes or text). */
function element(space, tag, attributes, children) {
  const made = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}
const h = (tag, attributes, ...children) => element(null, tag, attributes, children);
const s = (tag, attributes, ...children) => element(SVG, tag, attributes, children);

/** Milliseconds as 1:02:03 or 2:03.4. */
function clock(ms, tenths = false) {
  const total = tenths ? Math.round(ms / 100) / 10 : Math.round(ms / 1000);
  const minutes = Math.floor(total / 60);
  const rest = (total - 60 * minutes).toFixed(tenths ? 1 : 0).padStart(tenths ? 4 : 2, "0");
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${rest}`;
}

/** Seconds in the unit that suits them. */
function duration(seconds) {
  if (seconds < 120) return `${Number(seconds.toFixed(1))} s`;
  return seconds < 7200 ? `${Number((seconds / 60).toFixed(1))} min` : `${Number((seconds / 3600).toFixed(1)).toLocaleString("en")} h`;
}

function bytes(count) {
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), 4);
  return `${Number((count / 1000 ** power).toFixed(1))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}

const count = (number) => number.toLocaleString("en");
const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
const short = (number) => (typeof number === "number" ? String(Number(number.toFixed(Math.abs(number) < 10 ? 2 : 1))) : String(number));

/** Base64 of one byte a step, as numbers. */
const curve = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

/** A table; cells are text or nodes, `numeric` the columns whose figures stand at the right. */
function table(caption, head, rows, numeric = []) {
  const align = (column) => (numeric.includes(column) ? "number" : null);
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    h("table", null, h("caption", null, caption),
      h("thead", null, h("tr", null, head.map((name, column) => h("th", { scope: "col", class: align(column) }, name)))),
      h("tbody", null, rows.map((row) => h("tr", null, row.map((cell, column) => h("td", { class: align(column) }, cell)))))));
}

/** A speaker's colour: the same in the timeline, the cast, the clip. */
const colour = (speakers, name) => `c${Math.max(0, speakers.indexOf(name)) % 8}`;
