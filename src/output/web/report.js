/* Draws the report that the page's data describes. Whatever the data says is text: elements are made by
   name and filled through textContent, addresses of pictures and videos are the writer's own. */
(() => {
  "use strict";

  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const byTime = data.axis === "time";

  // ---- small helpers ----

  const make = (tag, properties = {}, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes("-") || name === "role" || name === "for") element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...children);
    return element;
  };
  const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
  const colour = (name) => getComputedStyle(root).getPropertyValue(name).trim();

  /** First index whose value is not below `value`. */
  const lowerBound = (values, value) => {
    let low = 0;
    let high = values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (values[middle] < value) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const nearest = (values, value) => {
    const at = lowerBound(values, value);
    if (at === 0) return 0;
    if (at === values.length) return at - 1;
    return value - values[at - 1] <= values[at] - value ? at - 1 : at;
  };

  const unpack = (column) => {
    const text = atob(column.data);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
    if (column.type === "f64") return new Float64Array(bytes.buffer);
    if (column.type === "f32") return new Float32Array(bytes.buffer);
    const whole = column.type === "u8" ? bytes : new Uint16Array(bytes.buffer);
    const none = column.type === "u8" ? 255 : 65535;
    const scale = column.type === "u8" ? 1 : 100;
    return Float32Array.from(whole, (v) => (v === none ? NaN : v / scale));
  };

  const formatX = (x, digits = 2) => {
    if (!byTime) return String(Math.round(x));
    const sign = x < 0 ? "−" : "";
    const grain = 10 ** digits;
    const total = Math.round(Math.abs(x) * grain) / grain;
    const seconds = (total % 60).toFixed(digits).padStart(digits > 0 ? 3 + digits : 2, "0");
    const minutes = Math.floor(total / 60);
    if (minutes < 60) return `${sign}${minutes}:${seconds}`;
    return `${sign}${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
  };
  const percent = (share) => {
    if (share === null) return "–";
    return share > 0 && share < 0.01 ? "<1 %" : `${Math.round(share * 100)} %`;
  };

  /** Spans [from, to] of x where `on` holds, a frame's length each, joined where they touch. */
  const spansWhere = (x, half, on) => {
    const spans = [];
    for (let i = 0; i < x.length; i++) {
      if (!on(i)) continue;
      const last = spans[spans.length - 1];
      if (last && last[2] === i - 1 && x[i] - x[i - 1] < 6 * half) {
        last[1] = x[i] + half;
        last[2] = i;
      } else {
        spans.push([x[i] - half, x[i] + half, i]);
      }
    }
    return spans;
  };

  // ---- the data, unpacked ----

  const series = data.series.map((one, index) => {
    const x = unpack(one.x);
    const steps = Float64Array.from({ length: Math.max(0, x.length - 1) }, (_, i) => x[i + 1] - x[i]).sort();
    const step = steps.length ? steps[steps.length >> 1] : 1;
    const columns = {};
    for (const [name, column] of Object.entries(one.columns)) columns[name] = unpack(column);
    const success = unpack(one.success);
    const { pose_Rx: pitch, pose_Ry: yaw } = columns;
    return {
      ...one,
      index,
      x,
      step,
      columns,
      success,
      frame: unpack(one.frame),
      confidence: unpack(one.confidence),
      shown: true,
      presence: {},
      colour: () => colour(`--c${index % 6}`),
      lost: spansWhere(x, step / 2, (i) => success[i] === 0),
      turned: pitch && yaw
        ? spansWhere(x, step / 2, (i) => Math.abs(yaw[i]) > data.frontal.yaw || Math.abs(pitch[i]) > data.frontal.pitch)
        : [],
    };
  });
  const single = series.length === 1;
  const hasSides = single && Object.keys(series[0].columns).some((name) => name.endsWith("_r_left"));
  const whole = {
    low: Math.min(...series.map((s) => s.x[0])),
    high: Math.max(...series.map((s) => s.x[s.x.length - 1])),
  };
  if (whole.high - whole.low < 1e-6) {
    whole.low -= 0.5;
    whole.high += 0.5;
  }
  const shortest = Math.max(1e-3, Math.min(...series.map((s) => s.step)) * 4);
  const view = { ...whole };
  let cursor = whole.low;
  let hover = null;
  let sides = false;

  // ---- strips: what there is to draw ----

  const strips = [];
  const line = (s, y, extra = {}) => ({ series: s, x: s.x, step: s.step, y, colour: s.colour, ...extra });

  strips.push({
    id: "quality", kind: "quality", name: "Quality", title: "confidence of the face", low: 0, high: 1, digits: 2,
    lines: series.map((s) => line(s, s.confidence)),
  });
  for (const unit of data.units) {
    const strip = {
      id: unit.name, kind: "au", name: unit.name, title: unit.title, high: 5, digits: 2, lines: [],
      low: single ? 0 : -0.5 * Math.min(series.length, 4), // room for the bands below the curves
    };
    for (const s of series) {
      const presence = s.columns[`${unit.name}_c`];
      if (presence) s.presence[unit.name] = spansWhere(s.x, s.step / 2, (i) => presence[i] > 0.5);
      const y = s.columns[`${unit.name}_r`];
      if (y) strip.lines.push(line(s, y));
      for (const [side, at] of [["left", 2], ["right", 1]]) {
        const of = s.columns[`${unit.name}_r_${side}`];
        if (hasSides && of) strip.lines.push(line(s, of, { side, colour: () => colour(`--c${at}`) }));
      }
    }
    strips.push(strip);
  }
  const extent = (lines) => {
    let low = Infinity;
    let high = -Infinity;
    for (const { y } of lines) {
      for (const v of y) {
        if (v < low) low = v;
        if (v > high) high = v;
      }
    }
    return low <= high ? [low, high] : [0, 1];
  };
  for (const [column, name, title, off] of [
    ["pose_Rx", "Pitch", "degrees, + chin down"],
    ["pose_Ry", "Yaw", "degrees"],
    ["pose_Rz", "Roll", "degrees"],
    ["pose_Tx", "Head x", "mm, + to the picture's right", true],
    ["pose_Ty", "Head y", "mm, + down", true],
    ["pose_Tz", "Head z", "mm from the camera", true],
  ]) {
    const lines = series.filter((s) => s.columns[column]).map((s) => line(s, s.columns[column]));
    if (!lines.length) continue;
    let [low, high] = extent(lines);
    if (column[5] === "R") {
      high = Math.max(20, 10 * Math.ceil(Math.max(Math.abs(low), Math.abs(high)) / 10));
      low = -high;
    } else {
      const grain = 10 ** Math.floor(Math.log10(Math.max(1, high - low)));
      low = grain * Math.floor(low / grain);
      high = Math.max(low + grain, grain * Math.ceil(high / grain));
    }
    const limit = { pose_Rx: data.frontal.pitch, pose_Ry: data.frontal.yaw }[column];
    strips.push({ id: column, kind: "pose", name, title, low, high, digits: 1, lines, limit, off });
  }
  data.sections.forEach((section, k) => section.panels.forEach((panel, p) => {
    strips.push({
      id: `panel-${k}-${p}`, kind: "panel", group: section.title, name: panel.title, title: panel.unit, note: panel.note,
      low: panel.low, high: panel.high, digits: 2,
      lines: panel.lines.map((one) => {
        const of = series[clamp(one.series, 0, series.length - 1)];
        return {
          series: of, x: unpack(one.x), y: unpack(one.y), step: of.step, name: one.name, dashed: one.dashed,
          colour: () => colour(`--c${one.series % 6}`),
        };
      }),
    });
  }));
  for (const strip of strips) strip.shown = !strip.off;

  // ---- drawing ----

  const RATIO = () => window.devicePixelRatio || 1;

  /** Visible part of a curve as runs of canvas points. Where points are denser than pixels, each
      column of pixels keeps its first, least, greatest and last value: nothing short is lost. */
  const runsOf = (u, { x, y, step }) => {
    const { left, top, width, height } = u.bbox;
    const { min: low, max: high } = u.scales.y;
    const kx = width / (view.high - view.low);
    const ky = height / (high - low);
    const first = Math.max(0, lowerBound(x, view.low) - 1);
    const last = Math.min(x.length - 1, lowerBound(x, view.high));
    const gap = 3.5 * step;
    const dense = last - first > 2 * width;
    const runs = [];
    let run = null;
    let column = NaN;
    let least = 0;
    let most = 0;
    let end = 0;
    const put = (px, value) => run.push(px, top + (high - value) * ky);
    const flush = () => {
      if (!dense || run === null || Number.isNaN(column)) return;
      put(column, least);
      if (most !== least) put(column, most);
      if (end !== most) put(column, end);
      column = NaN;
    };
    for (let i = first; i <= last; i++) {
      const value = y[i];
      if (value !== value || (run && i > first && x[i] - x[i - 1] > gap)) {
        flush();
        run = null;
        if (value !== value) continue;
      }
      if (run === null) runs.push((run = []));
      const px = left + (x[i] - view.low) * kx;
      if (!dense) {
        put(px, value);
        continue;
      }
      const at = Math.floor(px);
      if (at !== column) {
        flush();
        put(at, value);
        column = at;
        least = most = value;
      }
      if (value < least) least = value;
      if (value > most) most = value;
      end = value;
    }
    flush();
    return runs;
  };

  const drawRuns = (context, runs, base, style, fill, dash) => {
    const ratio = RATIO();
    if (fill) {
      context.fillStyle = fill;
      for (const run of runs) {
        context.beginPath();
        context.moveTo(run[0], base);
        for (let i = 0; i < run.length; i += 2) context.lineTo(run[i], run[i + 1]);
        context.lineTo(run[run.length - 2], base);
        context.fill();
      }
    }
    context.strokeStyle = style;
    context.lineWidth = 1.4 * ratio;
    context.lineJoin = "round";
    context.setLineDash(dash ? [5 * ratio, 3 * ratio] : []);
    context.beginPath();
    for (const run of runs) {
      context.moveTo(run[0], run[1]);
      for (let i = 2; i < run.length; i += 2) context.lineTo(run[i], run[i + 1]);
      if (run.length === 2) context.lineTo(run[0] + ratio, run[1]); // a frame alone
    }
    context.stroke();
    context.setLineDash([]);
  };

  const drawSpans = (u, spans, top, height, style) => {
    const { left, width } = u.bbox;
    const kx = width / (view.high - view.low);
    const context = u.ctx;
    context.fillStyle = style;
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (spans[middle][1] < view.low) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < spans.length && spans[i][0] <= view.high; i++) {
      const from = left + (spans[i][0] - view.low) * kx;
      const to = left + (spans[i][1] - view.low) * kx;
      context.fillRect(from, top, Math.max(to - from, RATIO()), height);
    }
  };

  let hatch = null;
  const hatching = (context) => {
    if (hatch) return hatch;
    const size = 6 * RATIO();
    const tile = make("canvas", { width: size, height: size });
    const pen = tile.getContext("2d");
    pen.strokeStyle = colour("--hatch");
    pen.lineWidth = 1.5 * RATIO();
    for (const shift of [-size, 0, size]) {
      pen.moveTo(shift, size);
      pen.lineTo(shift + size, 0);
    }
    pen.stroke();
    return (hatch = context.createPattern(tile, "repeat"));
  };

  const clipped = (u, draw) => {
    const { left, top, width, height } = u.bbox;
    u.ctx.save();
    u.ctx.beginPath();
    u.ctx.rect(left, top, width, height);
    u.ctx.clip();
    draw(u.ctx, top, height, width, left);
    u.ctx.restore();
  };

  /** Behind the grid: lost face, presence. */
  const drawBack = (strip) => (u) => clipped(u, (context, top, height) => {
    const shown = series.filter((s) => s.shown);
    if (shown.length === 1) {
      drawSpans(u, shown[0].lost, top, height, colour("--blank"));
      if (strip.kind === "quality") drawSpans(u, shown[0].lost, top, height, hatching(context));
    }
    if (strip.kind === "au") {
      const withPresence = shown.filter((s) => s.presence[strip.id]);
      const lane = (height * 0.5) / (strip.high - strip.low);
      const each = Math.min(4 * RATIO(), Math.max(1, lane - RATIO()));
      withPresence.forEach((s, k) => {
        context.globalAlpha = 0.17;
        if (shown.length === 1) drawSpans(u, s.presence[strip.id], top, height, s.colour());
        context.globalAlpha = 0.8;
        drawSpans(u, s.presence[strip.id], top + height - (shown.length === 1 ? each : lane * (withPresence.length - k)), each, s.colour());
      });
      context.globalAlpha = 1;
    }
    if (strip.kind === "quality") {
      const each = 4 * RATIO();
      shown.forEach((s, k) => {
        const y = top + height - each * (shown.length - k);
        drawSpans(u, s.turned, y, each, colour("--turned"));
        if (shown.length > 1) drawSpans(u, s.lost, y, each, colour("--soft"));
      });
    }
  });

  const drawFront = (strip) => (u) => clipped(u, (context, top, height, width, left) => {
    if (strip.limit) {
      context.strokeStyle = colour("--turned");
      context.lineWidth = RATIO();
      context.setLineDash([3 * RATIO(), 4 * RATIO()]);
      context.beginPath();
      for (const limit of [-strip.limit, strip.limit]) {
        const y = Math.round(top + ((strip.high - limit) * height) / (strip.high - strip.low)) + 0.5;
        context.moveTo(left, y);
        context.lineTo(left + width, y);
      }
      context.stroke();
      context.setLineDash([]);
    }
    const visible = strip.lines.filter(isDrawn);
    for (const one of visible) {
      const style = one.colour();
      const fill = visible.length === 1 && strip.kind === "au" ? `color-mix(in srgb, ${style} 16%, transparent)` : null;
      drawRuns(context, runsOf(u, one), top + height, style, fill, one.dashed);
    }
  });
  const isDrawn = (one) => one.series.shown && (one.side ? sides : !sides || one.name !== undefined || !hasSidesOf(one));
  const hasSidesOf = (one) => strips.some((strip) => strip.kind === "au" && strip.lines.includes(one) &&
    strip.lines.some((other) => other.side));

  // ---- the page ----

  const page = document.getElementById("report");
  const names = series.map((s) => s.name);
  const title = data.title || (names.length > 3 ? `${names.slice(0, 3).join(", ")}, …` : names.join(" · "));
  document.title = title;

  const unseen = make("div", { className: "unseen", "aria-live": "polite" });
  const themeButton = make("button", { type: "button", title: "Light or dark (t)" });
  const helpButton = make("button", { type: "button", textContent: "Keys", title: "Keyboard and mouse (?)" });
  const keys = make("ul", { className: "keys" });
  for (const s of series) {
    const swatch = make("span", { className: "swatch" });
    swatch.style.background = `var(--c${s.index % 6})`;
    const length = s.x[s.x.length - 1] - s.x[0];
    const facts = [
      `${s.rows.toLocaleString("en")} ${data.axis === "image" ? "images" : "frames"}`,
      ...(byTime ? [formatX(length, 1)] : []),
      `face in ${percent(s.rows ? s.seen / s.rows : 0)}`,
      ...(s.frontal === null ? [] : [`frontal in ${percent(s.frontal)} of them`]),
    ].join(", ");
    const named = single && title === s.name ? [] : [make("b", { textContent: s.name }), " "];
    const item = make("li", {}, ...(single ? [] : [swatch]), make("span", {}, ...named, facts));
    if (!single) {
      const box = make("input", { type: "checkbox", checked: true, "aria-label": `Show ${s.name}` });
      box.addEventListener("change", () => {
        s.shown = box.checked;
        redraw();
        update();
      });
      item.prepend(box);
    }
    keys.append(item);
  }
  page.append(
    unseen,
    make("header", { className: "top" },
      make("div", {}, make("h1", { textContent: title }), keys),
      make("div", { className: "buttons" }, helpButton, themeButton)),
  );

  // Which strips are shown.
  const choose = make("details", { className: "choose card", open: window.innerWidth > 720 },
    make("summary", { textContent: "What to show" }));
  const boxes = new Map();
  const listed = (heading, some, plain) => {
    if (!some.length) return;
    choose.append(make("h3", { textContent: heading }));
    if (!plain) {
      const active = (strip) => data.series.some((s) => s.summary.some((au) => `AU${String(au.au).padStart(2, "0")}` === strip.id &&
        ((au.p95 ?? 0) >= 0.5 || (au.p95 === null && (au.present ?? 0) >= 0.02))));
      const buttons = [["All", () => true], ["Active", active], ["None", () => false]].map(([text, want]) => {
        const button = make("button", { type: "button", textContent: text });
        if (text === "Active") button.title = "95th percentile of at least 0.5";
        button.addEventListener("click", () => some.forEach((strip) => show(strip, want(strip))));
        return button;
      });
      choose.append(make("div", { className: "all" }, ...buttons));
    }
    for (const strip of some) {
      const box = make("input", { type: "checkbox", checked: strip.shown });
      box.dataset.strip = strip.id;
      box.addEventListener("change", () => show(strip, box.checked));
      boxes.set(strip, box);
      choose.append(make("label", plain ? { className: "plain" } : { title: `${strip.name} ${strip.title}` }, box,
        make("span", { textContent: strip.name }), ...(plain ? [] : [make("span", { textContent: strip.title })])));
    }
  };
  listed("Action units", strips.filter((s) => s.kind === "au"), false);
  listed("Head", strips.filter((s) => s.kind === "pose"), true);
  for (const [k, section] of data.sections.entries()) {
    listed(section.title, strips.filter((s) => s.id.startsWith(`panel-${k}-`)), true);
  }

  // Time, zoom, play.
  const now = make("span", { className: "now" });
  const frameText = make("span", { className: "frame" });
  const button = (text, label, act) => {
    const element = make("button", { type: "button", textContent: text, title: label, "aria-label": label });
    element.addEventListener("click", act);
    return element;
  };
  const videos = data.videos.map((one) => ({ ...one, element: null }));
  const playButton = button("▶", "Play or pause (space)", () => togglePlay());
  const sidesButton = button("Left / right", "The person's left and right (l)", () => setSides(!sides));
  sidesButton.setAttribute("aria-pressed", "false");
  const swatch = (name, text) => make("span", {}, make("i", { className: name }), text);
  const legend = make("span", { className: "legend" });
  const drawLegend = () => {
    legend.replaceChildren();
    if (sides) {
      for (const [text, at] of [["left", 2], ["right", 1]]) {
        const item = swatch("", text);
        item.firstChild.style.background = `var(--c${at})`;
        item.firstChild.style.height = "3px";
        legend.append(item);
      }
    }
    if (single && Object.keys(series[0].presence).length) legend.append(swatch("present", "present"));
    legend.append(swatch(single ? "lost" : "lost many", "no face"));
    if (series.some((s) => s.frontal !== null)) legend.append(swatch("turned", "not frontal"));
  };
  const tools = make("div", { className: "tools" },
    now, frameText,
    make("span", { className: "group" },
      ...(videos.length ? [playButton] : []),
      button("−", "Zoom out (−)", () => zoom(2)),
      button("+", "Zoom in (+)", () => zoom(0.5)),
      button("Whole", "Show everything (0)", () => setView(whole.low, whole.high)),
      ...(hasSides ? [sidesButton] : [])));

  const stack = make("div", {
    className: "stack", tabIndex: 0, role: "group",
    "aria-label": "Charts. Arrow keys move the cursor, plus and minus zoom, question mark lists all keys.",
  });
  const head = make("div", { className: "head" });
  const hoverLine = make("div", { className: "line hover", hidden: true });
  const cursorLine = make("div", { className: "line cursor" });
  const selection = make("div", { className: "selection", hidden: true });
  const thumb = make("i");
  const slider = make("div", { className: "slider", "aria-hidden": "true" }, thumb);
  let group = null;
  let noted = "";
  for (const strip of strips) {
    strip.plot = make("div", { className: "plot" });
    strip.values = make("div", { className: "values" });
    strip.element = make("div", { className: "strip" },
      make("div", { className: "name", title: strip.title }, make("b", { textContent: strip.name }), make("span", { textContent: strip.title })),
      strip.plot, strip.values);
    strip.element.dataset.strip = strip.id;
    strip.element.hidden = !strip.shown;
    if (strip.kind === "quality") {
      head.append(strip.element, slider);
      stack.append(head);
      continue;
    }
    const belongs = strip.group || (strip.kind === "pose" ? "Head pose" : "Action units");
    if (belongs !== group) {
      group = belongs;
      stack.append(make("div", { className: "group-title" }, make("h3", { textContent: belongs }),
        ...(stack.contains(legend) ? [] : [legend])));
    }
    // Strips that share a note have it once, above the first.
    if (strip.note && strip.note !== noted) stack.append(make("div", { className: "group-title" }, make("p", { textContent: strip.note })));
    noted = strip.note;
    stack.append(strip.element);
  }
  stack.append(hoverLine, cursorLine, selection);
  const charts = make("section", { className: "card", "aria-label": "Charts" }, tools, stack);
  const body = make("div", { className: videos.length ? "body with-video" : "body" }, choose, charts);
  page.append(body);

  // ---- charts ----

  const HEIGHT = { quality: 58, au: single ? 50 : 60, pose: 62, panel: 74 };
  const xAxis = (labelled) => ({
    stroke: () => colour("--faint"),
    grid: { stroke: () => colour("--grid"), width: 1 },
    ticks: { show: false },
    font: "11px Inter, system-ui, sans-serif",
    size: labelled ? 22 : 0,
    gap: 4,
    space: 70,
    side: 0,
    incrs: byTime
      ? [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200]
      : [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5],
    values: (u, splits, axis, space, step) => splits.map((v) => (labelled ? formatX(v, step < 0.1 ? 2 : step < 1 ? 1 : 0) : "")),
  });
  const build = (strip) => {
    const labelled = strip.kind === "quality";
    const height = HEIGHT[strip.kind] + (labelled ? 22 : 0);
    strip.chart = new uPlot({
      width: Math.max(50, strip.plot.clientWidth),
      height,
      padding: [labelled ? 0 : 5, 8, 5, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: () => [view.low, view.high] }, y: { range: () => [strip.low, strip.high] } },
      series: [{}, { points: { show: false }, paths: () => null }],
      axes: [xAxis(labelled), {
        stroke: () => colour("--faint"),
        grid: { stroke: () => colour("--grid"), width: 1 },
        ticks: { show: false },
        font: "10px Inter, system-ui, sans-serif",
        size: 30,
        gap: 4,
        splits: () => (strip.kind === "au" ? [0, 2.5, 5] : [strip.low, (strip.low + strip.high) / 2, strip.high]),
        values: (u, splits) => splits.map((v, i) => (i === 1 || (i === 0 && strip.kind === "au") ? "" : `${v}`.replace("-", "−"))),
      }],
      hooks: { drawClear: [drawBack(strip)], draw: [drawFront(strip)] },
    }, [[whole.low, whole.high], [strip.low, strip.high]], strip.plot);
    strip.dirty = false;
  };

  // Only what can be seen is drawn; the rest when it scrolls into view.
  const onScreen = new Set();
  const draw = (strip) => {
    strip.dirty = false;
    if (!strip.chart) build(strip);
    else strip.chart.batch(() => strip.chart.setScale("x", { min: view.low, max: view.high }));
  };
  const drawVisible = () => {
    for (const strip of onScreen) if (strip.dirty && strip.shown) draw(strip);
  };
  let pending = 0;
  const redraw = () => {
    for (const strip of strips) strip.dirty = true;
    if (!pending) {
      pending = requestAnimationFrame(() => {
        pending = 0;
        drawVisible();
        place();
      });
    }
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      const strip = strips.find((one) => one.element === entry.target);
      if (entry.isIntersecting) onScreen.add(strip);
      else onScreen.delete(strip);
    }
    drawVisible();
    place();
  }, { rootMargin: "200px 0px" });

  const resize = () => {
    for (const strip of strips) {
      const width = strip.plot.clientWidth;
      if (strip.chart && width > 0 && width !== strip.chart.width) {
        strip.chart.setSize({ width, height: strip.chart.height });
      }
    }
    place();
  };

  /** Where the plots begin and how wide they are, px in the stack. */
  const plotArea = () => {
    const chart = strips[0].chart;
    if (!chart) return { left: 0, width: 1 };
    const left = strips[0].plot.getBoundingClientRect().left - stack.getBoundingClientRect().left;
    return { left: left + chart.bbox.left / RATIO(), width: chart.bbox.width / RATIO() };
  };
  const place = () => {
    const { left, width } = plotArea();
    const at = (x) => left + ((x - view.low) / (view.high - view.low)) * width;
    for (const [element, x] of [[hoverLine, hover], [cursorLine, cursor]]) {
      const inside = x !== null && x >= view.low - 1e-9 && x <= view.high + 1e-9;
      element.hidden = !inside;
      if (inside) element.style.left = `${at(x)}px`;
    }
    const span = whole.high - whole.low;
    thumb.style.left = `${((view.low - whole.low) / span) * 100}%`;
    thumb.style.width = `${((view.high - view.low) / span) * 100}%`;
    slider.style.marginLeft = `${left}px`;
    slider.style.width = `${width}px`;
    slider.style.visibility = view.high - view.low < span * 0.999 ? "visible" : "hidden";
  };

  const valueAt = (one, x) => {
    const i = nearest(one.x, x);
    return Math.abs(one.x[i] - x) > 1.5 * one.step ? NaN : one.y[i];
  };
  const update = () => {
    const x = hover ?? cursor;
    now.textContent = byTime ? formatX(x) : `${data.axis} ${Math.round(x)}`;
    const first = series.find((s) => s.shown) || series[0];
    const i = nearest(first.x, x);
    frameText.textContent = first.images ? first.images[i] : byTime ? `frame ${first.frame[i]}` : "";
    for (const strip of strips) {
      if (!strip.shown) continue;
      const parts = strip.lines.filter(isDrawn).map((one) => {
        const value = valueAt(one, x);
        const text = Number.isNaN(value) ? "–" : value.toFixed(strip.digits).replace(/^-(?=[0.]*$)/, "").replace("-", "−");
        const part = make("b", { textContent: text });
        if (!single || one.side || one.name) part.style.color = one.colour();
        if (one.name) part.title = one.name;
        const presence = strip.kind === "au" && one.series.columns[`${strip.id}_c`];
        if (presence && !one.side && presence[nearest(one.x, x)] > 0.5) part.className = "on";
        return part;
      });
      if (!parts.length && strip.kind === "au") {
        for (const s of series.filter((one) => one.shown && one.columns[`${strip.id}_c`])) {
          const there = s.columns[`${strip.id}_c`][nearest(s.x, x)] > 0.5;
          parts.push(make("b", { textContent: there ? "present" : "–" }));
        }
      }
      strip.values.replaceChildren(...parts);
    }
    place();
  };
  let saying = 0;
  const say = () => {
    clearTimeout(saying);
    saying = setTimeout(() => {
      const present = strips.filter((s) => s.kind === "au" && series[0].columns[`${s.id}_c`] &&
        series[0].columns[`${s.id}_c`][nearest(series[0].x, cursor)] > 0.5).map((s) => s.name);
      unseen.textContent = `${now.textContent}. ${present.length ? `Present: ${present.join(", ")}` : "Nothing present"}`;
    }, 400);
  };

  // ---- view and cursor ----

  const setView = (low, high) => {
    const span = clamp(high - low, Math.min(shortest, whole.high - whole.low), whole.high - whole.low);
    const middle = (low + high) / 2;
    view.low = clamp(middle - span / 2, whole.low, whole.high - span);
    view.high = view.low + span;
    redraw();
  };
  const zoom = (factor, around = cursor) => {
    const anchor = clamp(around, view.low, view.high);
    setView(anchor - (anchor - view.low) * factor, anchor + (view.high - anchor) * factor);
  };
  const reveal = (x) => {
    if (x >= view.low && x <= view.high) return;
    const span = view.high - view.low;
    setView(x - span / 2, x + span / 2);
  };
  const setCursor = (x, seek = true) => {
    cursor = clamp(x, whole.low, whole.high);
    hover = null; // a mouse that rests does not hide where the cursor went
    reveal(cursor);
    update();
    if (seek) for (const one of videos) seekTo(one, cursor);
  };
  const stepFrames = (count) => {
    const first = series.find((s) => s.shown) || series[0];
    setCursor(first.x[clamp(nearest(first.x, cursor) + count, 0, first.x.length - 1)]);
    say();
  };
  const peaks = [...new Set(series.flatMap((s) => s.summary.flatMap((au) => au.peaks.map((p) => p.x))))].sort((a, b) => a - b);
  const jumpPeak = (direction) => {
    const there = direction > 0 ? peaks.find((x) => x > cursor + 1e-6) : peaks.filter((x) => x < cursor - 1e-6).pop();
    if (there !== undefined) setCursor(there);
    say();
  };
  const setSides = (on) => {
    if (!hasSides) return;
    sides = on;
    sidesButton.setAttribute("aria-pressed", String(on));
    drawLegend();
    redraw();
    update();
  };
  const show = (strip, on) => {
    strip.shown = on;
    strip.element.hidden = !on;
    if (boxes.has(strip)) boxes.get(strip).checked = on;
    redraw();
    update();
  };

  // ---- mouse, touch, wheel ----

  const xAt = (event) => {
    const { left, width } = plotArea();
    return view.low + ((event.clientX - stack.getBoundingClientRect().left - left) / width) * (view.high - view.low);
  };
  /** A pointer that was captured has the stack as its events' target. */
  const inPlots = (event) => {
    const under = event.target === stack ? document.elementFromPoint(event.clientX, event.clientY) : event.target;
    return under !== null && under.closest(".plot") !== null;
  };
  const touches = new Map();
  let drag = null;
  let pinch = null;
  const select = (from, to) => {
    const { left, width } = plotArea();
    const at = (x) => left + ((clamp(x, view.low, view.high) - view.low) / (view.high - view.low)) * width;
    selection.hidden = false;
    selection.style.left = `${Math.min(at(from), at(to))}px`;
    selection.style.width = `${Math.abs(at(to) - at(from))}px`;
  };
  stack.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !inPlots(event)) return;
    if (event.pointerType === "touch") {
      touches.set(event.pointerId, event);
      if (touches.size === 2) {
        const [a, b] = [...touches.values()];
        pinch = { from: xAt(a), to: xAt(b) };
        drag = null;
        return;
      }
    }
    drag = { from: xAt(event), x: event.clientX, moved: false, pan: event.shiftKey, low: view.low, high: view.high };
    stack.setPointerCapture(event.pointerId);
  });
  stack.addEventListener("pointermove", (event) => {
    if (touches.has(event.pointerId)) touches.set(event.pointerId, event);
    if (pinch && touches.size === 2) {
      const { left, width } = plotArea();
      const [a, b] = [...touches.values()].map((t) => (t.clientX - stack.getBoundingClientRect().left - left) / width);
      if (Math.abs(b - a) > 0.02) {
        const span = (pinch.to - pinch.from) / (b - a);
        if (span > 0) setView(pinch.from - a * span, pinch.from + (1 - a) * span);
      }
      return;
    }
    if (!drag) {
      if (event.pointerType !== "touch") {
        hover = inPlots(event) ? clamp(xAt(event), whole.low, whole.high) : null;
        update();
      }
      return;
    }
    drag.moved = drag.moved || Math.abs(event.clientX - drag.x) > 4;
    if (!drag.moved) return;
    if (event.pointerType === "touch") {
      setCursor(xAt(event));
    } else if (drag.pan) {
      const shift = ((drag.x - event.clientX) / plotArea().width) * (drag.high - drag.low);
      setView(drag.low + shift, drag.high + shift);
    } else {
      hover = null;
      select(drag.from, xAt(event));
    }
  });
  const release = (event) => {
    touches.delete(event.pointerId);
    if (pinch) {
      if (touches.size === 0) pinch = null;
      return;
    }
    if (!drag) return;
    const { from, moved, pan } = drag;
    drag = null;
    selection.hidden = true;
    if (event.type === "pointercancel" || (moved && (pan || event.pointerType === "touch"))) return;
    const to = xAt(event);
    if (moved) setView(Math.min(from, to), Math.max(from, to));
    else setCursor(to);
  };
  stack.addEventListener("pointerup", release);
  stack.addEventListener("pointercancel", release);
  stack.addEventListener("pointerleave", () => {
    hover = null;
    update();
  });
  stack.addEventListener("dblclick", (event) => {
    if (inPlots(event)) setView(whole.low, whole.high);
  });
  // The wheel scrolls the page, but zooms with Ctrl (or a pinch on a touch pad) and over the time axis.
  stack.addEventListener("wheel", (event) => {
    if (!inPlots(event)) return;
    const sideways = event.shiftKey ? event.deltaY || event.deltaX : Math.abs(event.deltaX) > Math.abs(event.deltaY) ? event.deltaX : 0;
    if (event.ctrlKey || event.metaKey || (head.contains(event.target) && !sideways)) {
      event.preventDefault();
      zoom(Math.exp(clamp(event.deltaY, -240, 240) * 0.003), xAt(event));
    } else if (sideways) {
      event.preventDefault();
      const shift = (sideways / plotArea().width) * (view.high - view.low);
      setView(view.low + shift, view.high + shift);
    }
  }, { passive: false });
  slider.addEventListener("pointerdown", (event) => {
    slider.setPointerCapture(event.pointerId);
    const box = slider.getBoundingClientRect();
    const span = view.high - view.low;
    const at = (e) => whole.low + ((e.clientX - box.left) / box.width) * (whole.high - whole.low);
    const grip = at(event) >= view.low && at(event) <= view.high ? at(event) - view.low : span / 2;
    const move = (e) => setView(at(e) - grip, at(e) - grip + span);
    move(event);
    slider.addEventListener("pointermove", move);
    slider.addEventListener("pointerup", () => slider.removeEventListener("pointermove", move), { once: true });
    event.stopPropagation();
  });

  // ---- videos ----

  const seekTo = (one, x) => {
    const { element } = one;
    if (!element || !element.duration) return;
    // A little into the frame: its own time may be rounded down to the frame before.
    const time = clamp(x + 0.3 * series[one.series].step, 0, element.duration);
    if (Math.abs(element.currentTime - time) < 1e-4) return;
    if (element.seeking) one.next = time;
    else element.currentTime = time;
  };
  const follow = (one, time) => {
    const of = series[one.series];
    const at = of.x[nearest(of.x, time)];
    if (one.element.paused && Math.abs(at - cursor) < 1.5 * of.step) return;
    if (!one.element.paused || !videos.some((other) => other !== one && !other.element.paused)) {
      setCursor(at, false);
      for (const other of videos) if (other !== one && other.element.paused) seekTo(other, at);
    }
  };
  const togglePlay = () => {
    const playing = videos.some((one) => !one.element.paused);
    for (const one of videos) {
      if (playing) one.element.pause();
      else one.element.play().catch(() => {});
    }
  };
  if (videos.length) {
    const side = make("aside", { className: "videos", "aria-label": "Video" });
    for (const one of videos) {
      const element = make("video", { tabIndex: 0, preload: "auto", playsInline: true, src: one.source, "aria-label": one.name });
      one.element = element;
      const mark = make("span", { className: "swatch" });
      mark.style.background = `var(--c${one.series % 6})`;
      const figure = make("figure", { className: "card" }, element,
        make("figcaption", {}, ...(single ? [] : [mark]), make("span", { textContent: one.name })));
      // The browser's controls would hide a small picture: they come with the mouse, touch or focus.
      for (const [event, on] of [["pointerenter", true], ["focus", true], ["pointerleave", false], ["blur", false]]) {
        element.addEventListener(event, (e) => {
          if (e.pointerType !== "touch" || on) element.controls = on;
        });
      }
      element.addEventListener("error", () => {
        element.replaceWith(make("p", {
          className: "broken",
          textContent: `${one.name} cannot be shown: it is no longer at its place beside this page, or this browser does not play its format.`,
        }));
      });
      element.addEventListener("seeked", () => {
        if (one.next === undefined) return;
        element.currentTime = one.next;
        one.next = undefined;
      });
      const onPlay = () => {
        const playing = videos.some((other) => !other.element.paused);
        playButton.textContent = playing ? "❚❚" : "▶";
      };
      element.addEventListener("play", onPlay);
      element.addEventListener("pause", onPlay);
      if (element.requestVideoFrameCallback) {
        const onFrame = (_, frame) => {
          follow(one, frame.mediaTime);
          element.requestVideoFrameCallback(onFrame);
        };
        element.requestVideoFrameCallback(onFrame);
      } else {
        element.addEventListener("timeupdate", () => follow(one, element.currentTime));
      }
      side.append(figure);
    }
    body.append(side);
  }

  // ---- summary ----

  if (series.some((s) => s.summary.length)) {
    const rows = make("tbody");
    const bar = (share, s) => {
      const fill = make("i");
      fill.style.width = `${clamp(share, 0, 1) * 100}%`;
      fill.style.background = `var(--c${s.index % 6})`;
      return make("span", { className: "bar" }, fill);
    };
    for (const unit of data.units) {
      const having = series.filter((s) => s.summary.some((au) => au.au === unit.number));
      having.forEach((s, k) => {
        const au = s.summary.find((one) => one.au === unit.number);
        const row = make("tr");
        row.dataset.unit = unit.name;
        if (k === 0) {
          row.append(make("th", { scope: "rowgroup", rowSpan: having.length }, unit.name, make("span", { textContent: unit.title })));
        }
        if (!single) {
          const mark = make("span", { className: "swatch" });
          mark.style.background = `var(--c${s.index % 6})`;
          row.append(make("td", { className: "wide" }, make("span", { className: "who" }, mark, s.name)));
        }
        const number = (what, text, share) => make("td", { className: "number", "data-what": what }, text,
          ...(share === null ? [] : [bar(share, s)]));
        row.append(
          number("mean", au.mean === null ? "–" : au.mean.toFixed(2), au.mean === null ? null : au.mean / 5),
          number("p95", au.p95 === null ? "–" : au.p95.toFixed(2), au.p95 === null ? null : au.p95 / 5),
          number("present", percent(au.present), au.present));
        const list = make("div", { className: "peaks" });
        for (const peak of au.peaks) {
          const picture = s.pictures[peak.frame];
          const jump = make("button", {
            type: "button", className: picture ? "pictured" : "",
            title: `${unit.name} ${peak.value.toFixed(2)} at ${formatX(peak.x)}`,
          });
          if (picture) jump.append(make("img", { src: picture, alt: "", loading: "lazy", width: 76, height: 76 }));
          jump.append(make("span", {}, formatX(peak.x, 1), make("small", { textContent: ` · ${peak.value.toFixed(1)}` })));
          jump.addEventListener("click", () => {
            const strip = strips.find((one) => one.id === unit.name);
            if (!strip.shown) show(strip, true);
            setCursor(peak.x);
            charts.scrollIntoView({ block: "start", behavior: "smooth" });
          });
          list.append(jump);
        }
        row.append(make("td", { className: "wide" }, list));
        rows.append(row);
      });
    }
    const header = ["Action unit", ...(single ? [] : ["Table"]), "Mean", "95th percentile", "Present", "Peaks"];
    page.append(make("section", { className: "section card" },
      make("h2", { textContent: "Summary" }),
      make("p", { textContent: "Over the frames with a face. Intensity from 0 to 5; peaks are the strongest moments, at least a second apart." }),
      make("div", { className: "scroll" }, make("table", { className: "summary" },
        make("thead", {}, make("tr", {}, ...header.map((text) => make("th", { scope: "col", textContent: text })))), rows))));
  }
  for (const section of data.sections) {
    if (!section.paragraphs.length && !section.tables.length) continue;
    const card = make("section", { className: "section card" }, make("h2", { textContent: section.title }),
      ...section.paragraphs.map((text) => make("p", { textContent: text })));
    for (const table of section.tables) {
      card.append(make("div", { className: "scroll" }, make("table", {},
        ...(table.title ? [make("caption", { textContent: table.title })] : []),
        make("thead", {}, make("tr", {}, ...table.header.map((text) => make("th", { scope: "col", textContent: text })))),
        make("tbody", {}, ...table.rows.map((row) => make("tr", {}, ...row.map((text) => make("td", { textContent: text }))))))));
    }
    page.append(card);
  }
  page.append(make("p", { className: "foot", textContent: `${data.generator}. Charts by uPlot.` }));

  // ---- keys, help, theme ----

  const help = make("dialog", { "aria-label": "Keyboard and mouse" }, make("h2", { textContent: "Keyboard and mouse" }));
  const list = make("dl");
  for (const [key, does] of [
    ["← →", "a frame back or on; with Shift a second"],
    ["Home, End", "start, end"],
    ["n, p", "next, previous peak"],
    ["+ −", "zoom"],
    ["0", "show everything (or double click)"],
    ["drag", "zoom to what is marked; with Shift move"],
    ["Ctrl + wheel", "zoom; over the time axis without Ctrl"],
    ["click", "set the cursor, and the video with it"],
    ...(videos.length ? [["space", "play, pause"]] : []),
    ...(hasSides ? [["l", "left and right"]] : []),
    ["t", "light or dark"],
  ]) list.append(make("dt", { textContent: key }), make("dd", { textContent: does }));
  const close = make("button", { type: "button", textContent: "Close" });
  close.addEventListener("click", () => help.close());
  help.append(list, close);
  page.append(help);
  helpButton.addEventListener("click", () => help.showModal());

  const setTheme = (theme) => {
    root.dataset.theme = theme;
    themeButton.textContent = theme === "dark" ? "Light" : "Dark";
    hatch = null;
    for (const strip of strips) if (strip.chart) strip.chart.redraw(false, true);
    redraw();
  };
  themeButton.addEventListener("click", () => setTheme(root.dataset.theme === "dark" ? "light" : "dark"));
  const preferred = window.matchMedia("(prefers-color-scheme: dark)");
  preferred.addEventListener("change", () => setTheme(preferred.matches ? "dark" : "light"));

  document.addEventListener("keydown", (event) => {
    if (help.open || event.ctrlKey || event.metaKey || event.altKey) return;
    const on = event.target;
    if (on instanceof HTMLVideoElement) return;
    if ((event.key === " " || event.key === "Enter") && on.closest("button, input, summary")) return;
    const acts = {
      ArrowLeft: () => (event.shiftKey && byTime ? setCursor(cursor - 1) : stepFrames(event.shiftKey ? -10 : -1)),
      ArrowRight: () => (event.shiftKey && byTime ? setCursor(cursor + 1) : stepFrames(event.shiftKey ? 10 : 1)),
      Home: () => setCursor(whole.low),
      End: () => setCursor(whole.high),
      "+": () => zoom(0.5),
      "=": () => zoom(0.5),
      "-": () => zoom(2),
      0: () => setView(whole.low, whole.high),
      n: () => jumpPeak(1),
      p: () => jumpPeak(-1),
      l: () => setSides(!sides),
      t: () => themeButton.click(),
      "?": () => help.showModal(),
      " ": () => videos.length && togglePlay(),
    };
    if (!acts[event.key]) return;
    acts[event.key]();
    event.preventDefault();
  });

  // ---- begin ----

  root.dataset.theme = preferred.matches ? "dark" : "light";
  themeButton.textContent = preferred.matches ? "Light" : "Dark";
  drawLegend();
  draw(strips[0]);
  onScreen.add(strips[0]);
  for (const strip of strips) {
    strip.dirty = strip !== strips[0];
    watcher.observe(strip.element);
  }
  new ResizeObserver(resize).observe(stack);
  update();

  // For tests and for measuring: what the page shows, and how long a full redraw takes.
  window.frontalisReport = {
    view, series, strips,
    cursor: () => cursor,
    measureRedraw: () => {
      const begin = performance.now();
      for (const strip of strips) if (strip.shown) draw(strip);
      return performance.now() - begin;
    },
  };
})();
