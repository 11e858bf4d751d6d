// The funnel, histograms and shares, drawn small; each says its figures in words too.

/** From footage to what was kept: a bar for each step, losses beginning where the step before ended. */
function funnel(steps) {
  const whole = Math.max(...steps.map((step) => step.s), 1e-9);
  let left = steps[0].s;
  return h("ol", { class: "funnel" }, steps.map((step) => {
    if (step.step === "loss") left -= step.s;
    const bar = h("span", { class: `bar ${step.step}` });
    bar.style.insetInlineStart = `${(100 * (step.step === "loss" ? Math.max(left, 0) : 0)) / whole}%`;
    bar.style.inlineSize = `${Math.max((100 * step.s) / whole, step.s > 0 ? 0.4 : 0)}%`;
    const share = step.step === "in" || !steps[0].s ? "" : ` · ${((100 * step.s) / steps[0].s).toFixed(1)} %`;
    const pieces = step.count === null ? "" : ` · ${plural(step.count, step.step === "in" ? "film" : "piece")}`;
    return h("li", null, h("span", { class: "name" }, step.label), h("span", { class: "track", "aria-hidden": "true" }, bar),
      h("span", { class: "figure" }, `${duration(step.s)}${share}${pieces}`));
  }));
}

/** How a measure is spread; a dashed line is the gate's threshold. */
function histogram(measure) {
  const { counts, low, high, label, unit, threshold } = measure;
  const most = Math.max(...counts, 1), step = (high - low) / counts.length, total = counts.reduce((a, b) => a + b, 0);
  const shown = (value) => short(unit === "s" ? value / 1000 : value);
  const bars = counts.map((number, bin) => s("rect", {
    x: bin * 10 + 0.75, width: 8.5, y: 60 - (60 * number) / most, height: (60 * number) / most, rx: 1,
  }, s("title", null, `${shown(low + bin * step)} to ${shown(low + (bin + 1) * step)} ${unit}: ${plural(number, "clip")}`)));
  const inside = threshold !== null && threshold > low && threshold < high;
  const line = inside && s("line", { x1: ((threshold - low) / step) * 10, x2: ((threshold - low) / step) * 10, y1: 0, y2: 60, class: "threshold" });
  const peak = counts.indexOf(Math.max(...counts));
  const words = total ? `${plural(total, "clip")}, most between ${shown(low + peak * step)} and ${shown(low + (peak + 1) * step)} ${unit}`.trim() : "no clips measured";
  return h("figure", { class: "chart" }, h("figcaption", null, label, h("small", null, unit && ` ${unit}`)),
    s("svg", { viewBox: `0 0 ${counts.length * 10} 60`, preserveAspectRatio: "none", role: "img", "aria-label": `${label}: ${words}` }, bars, line || null),
    h("div", { class: "axis", "aria-hidden": "true" }, h("span", null, shown(low)), h("span", null, shown((low + high) / 2)), h("span", null, shown(high))),
    h("p", { class: "note" }, words, threshold !== null && `; gate at ${shown(threshold)} ${unit}`));
}

/** Shares of a category; a click filters the clips by it. */
function shares(category, choose) {
  const entries = Object.entries(category.counts), most = Math.max(...entries.map(([, number]) => number), 1);
  return h("figure", { class: "chart shares" }, h("figcaption", null, category.label),
    h("ul", null, entries.map(([value, number]) => {
      const bar = h("span", { class: "bar" });
      bar.style.inlineSize = `${(100 * number) / most}%`;
      return h("li", null, h("button", { type: "button", title: `Show clips: ${value}`, onclick: () => choose(category.column, value) },
        h("span", { class: "name" }, value), h("span", { class: "track", "aria-hidden": "true" }, bar), h("span", { class: "figure" }, count(number))));
    })));
}
