'use strict';
// The page of `frontalis live --serve`. What comes from the stream is shown as text, never as HTML.

const SECONDS = 20;         // of the traces
const KEPT_MESSAGES = 64;   // that wait for their picture
const PICTURE_PAUSE = 30;   // ms between two pictures at least
const WHAT = {
  AU01: 'Inner brow raiser', AU02: 'Outer brow raiser', AU04: 'Brow lowerer',
  AU05: 'Upper lid raiser', AU06: 'Cheek raiser', AU07: 'Lid tightener', AU09: 'Nose wrinkler',
  AU10: 'Upper lip raiser', AU12: 'Lip corner puller', AU14: 'Dimpler',
  AU15: 'Lip corner depressor', AU17: 'Chin raiser', AU20: 'Lip stretcher',
  AU23: 'Lip tightener', AU25: 'Lips part', AU26: 'Jaw drop', AU45: 'Blink',
};
const LINES = [  // of the 68 points: first, last, closed
  [0, 16, false], [17, 21, false], [22, 26, false], [27, 30, false], [31, 35, false],
  [36, 41, true], [42, 47, true], [48, 59, true], [60, 67, true],
];

const $ = (id) => document.getElementById(id);
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const fixed = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits) : '–');

const view = {overlay: true, paused: false, face: null, ended: false};
let units = new Map();       // AU name -> its row on the page
let waiting = new Map();     // number of a picture -> its message
let newest = null;           // the latest message
let arrivals = [];           // ms, of the last second's messages

/** Values over the last SECONDS, by the source's time. */
class Trace {
  constructor(canvas, top) {
    this.canvas = canvas;
    this.top = top;  // of the scale; 0: whatever the largest is
    this.points = [];
  }
  add(time, value) {
    if (this.points.length && time < this.points[this.points.length - 1][0]) this.points = [];
    this.points.push([time, value]);
    while (this.points.length && this.points[0][0] < time - SECONDS) this.points.shift();
  }
  draw(stroke, fill, grid) {
    const ratio = window.devicePixelRatio || 1;
    const width = Math.round(this.canvas.clientWidth * ratio);
    const height = Math.round(this.canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (this.canvas.width !== width || this.canvas.height !== height) {
      this.canvas.width = width;
      this.canvas.height = height;
    }
    const context = this.canvas.getContext('2d');
    context.clearRect(0, 0, width, height);
    context.strokeStyle = grid;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(0, height - 0.5);
    context.lineTo(width, height - 0.5);
    context.stroke();
    if (!this.points.length) return;
    const end = this.points[this.points.length - 1][0];
    let top = this.top;
    if (!top) top = Math.max(20, ...this.points.map((p) => (Number.isFinite(p[1]) ? p[1] : 0)));
    const x = (time) => width * (1 - (end - time) / SECONDS);
    const y = (value) => height - 1 - (height - 3) * Math.min(value, top) / top;
    let from = null;
    const area = new Path2D();
    const line = new Path2D();
    const close = (at) => { if (from !== null) { area.lineTo(at, height); area.closePath(); } };
    let last = 0;
    for (const [time, value] of this.points) {
      if (!Number.isFinite(value)) { close(last); from = null; continue; }
      last = x(time);
      if (from === null) {
        from = last;
        area.moveTo(last, height);
        area.lineTo(last, y(value));
        line.moveTo(last, y(value));
      } else {
        area.lineTo(last, y(value));
        line.lineTo(last, y(value));
      }
    }
    close(last);
    context.fillStyle = fill;
    context.fill(area);
    context.strokeStyle = stroke;
    context.lineWidth = 1.5 * ratio;
    context.lineJoin = 'round';
    context.stroke(line);
  }
}
const ages = new Trace($('ages'), 0);

function element(kind, className, text) {
  const made = document.createElement(kind);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function buildUnits(hello) {
  units = new Map();
  const list = $('units');
  list.replaceChildren();
  $('sides').hidden = !hello.sides;
  for (const name of hello.aus) {
    const row = element('div', 'unit');
    const bar = element('div', 'bar');
    bar.setAttribute('role', 'meter');
    bar.setAttribute('aria-label', `${name} ${WHAT[name] || ''}`);
    bar.setAttribute('aria-valuemin', '0');
    bar.setAttribute('aria-valuemax', '5');
    const fill = element('div', 'fill');
    const right = element('i', 'right');
    const left = element('i', 'left');
    bar.append(fill);
    if (hello.sides) bar.append(right, left);
    const value = element('span', 'value', '–');
    const canvas = element('canvas', 'trace');
    canvas.setAttribute('aria-hidden', 'true');
    const what = element('span', 'what', WHAT[name] || '');
    what.title = WHAT[name] || '';
    row.append(element('span', 'name', name), what, bar, value, canvas);
    list.append(row);
    units.set(name, {row, bar, fill, right, left, value, trace: new Trace(canvas, 5)});
  }
}

function showState(state, text) {
  const pill = $('state');
  pill.dataset.state = state;
  pill.textContent = {running: 'Live', ended: 'Ended', failed: 'Source lost', waiting: 'Connecting',
    gone: 'Not running', paused: 'Paused'}[state] || state;
  const message = $('message');
  message.textContent = text || '';
  message.hidden = !text;
}

/** The face whose bars are shown: the chosen one while it is there, else the first. */
function shownFace(message) {
  return message.faces.find((f) => f.face_id === view.face && f.success) ||
      message.faces.find((f) => f.success) || message.faces[0];
}

function showFaces(message, shown) {
  const box = $('faces');
  const ids = message.faces.map((f) => f.face_id);
  if (box.dataset.ids !== ids.join()) {
    box.dataset.ids = ids.join();
    box.replaceChildren();
    if (ids.length > 1) {
      for (const id of ids) {
        const button = element('button', '', `Face ${id}`);
        button.type = 'button';
        button.dataset.id = String(id);
        button.addEventListener('click', () => { view.face = id; clearTraces(); });
        box.append(button);
      }
    }
  }
  for (const button of box.children) {
    button.setAttribute('aria-pressed', String(Number(button.dataset.id) === shown.face_id));
  }
}

function clearTraces() {
  for (const unit of units.values()) unit.trace.points = [];
}

function onFrame(message) {
  newest = message;
  waiting.set(message.picture, message);
  while (waiting.size > KEPT_MESSAGES) waiting.delete(waiting.keys().next().value);
  const now = performance.now();
  arrivals.push(now);
  while (arrivals[0] < now - 1000) arrivals.shift();
  const face = shownFace(message);
  if (!face) return;
  ages.add(face.timestamp, face.age_ms);
  for (const [name, unit] of units) {
    const au = face.aus && face.aus[name];
    unit.trace.add(face.timestamp, au ? au.r : NaN);
  }
  if (!view.paused) dirty = true;
}

let dirty = false;
let lastSpoken = 0;
function draw() {
  requestAnimationFrame(draw);
  if (!dirty || !newest) return;
  dirty = false;
  const face = shownFace(newest);
  showFaces(newest, face);
  $('rate').textContent = String(arrivals.length);
  $('age').textContent = fixed(face.age_ms, 0);
  $('dropped').textContent = String(face.dropped);
  $('neutral').textContent = String(face.neutral_frames);
  $('confidence').textContent = fixed(face.confidence, 2);
  const degrees = (rad) => fixed(rad * 180 / Math.PI, 0) + '°';
  $('pose').textContent = face.pose
      ? [face.pose.Rx, face.pose.Ry, face.pose.Rz].map(degrees).join(' ') : '–';
  $('units').classList.toggle('lost', !face.success);
  const stroke = colour('--accent'), fill = colour('--accent-soft'), grid = colour('--grid');
  const speak = performance.now() - lastSpoken > 1000;
  if (speak) lastSpoken = performance.now();
  for (const [name, unit] of units) {
    const au = (face.aus && face.aus[name]) || {};
    const percent = (v) => `${20 * Math.min(Math.max(v || 0, 0), 5)}%`;
    unit.fill.style.width = percent(au.r);
    unit.right.style.left = percent(au.r_right);
    unit.left.style.left = percent(au.r_left);
    unit.value.textContent = fixed(au.r, 1);
    unit.row.classList.toggle('on', au.c === 1);
    if (speak) unit.bar.setAttribute('aria-valuenow', fixed(au.r || 0, 1));
    unit.trace.draw(stroke, fill, grid);
  }
  ages.draw(colour('--left'), 'transparent', grid);
}

function drawPicture(bitmap, message) {
  const canvas = $('picture');
  if (canvas.width !== bitmap.width || canvas.height !== bitmap.height) {
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
  }
  const context = canvas.getContext('2d');
  context.drawImage(bitmap, 0, 0);
  if (!view.overlay || !message) return;
  const sx = bitmap.width / message.width, sy = bitmap.height / message.height;
  const shown = shownFace(message);
  const unit = Math.max(bitmap.width, bitmap.height) / 640;
  for (const face of message.faces) {
    const points = face.landmarks_2d;
    if (!face.success || !points) continue;
    const at = (i) => [(points[i][0] + 0.5) * sx, (points[i][1] + 0.5) * sy];
    const path = new Path2D();
    for (const [first, last, closed] of LINES) {
      path.moveTo(...at(first));
      for (let i = first + 1; i <= last; ++i) path.lineTo(...at(i));
      if (closed) path.closePath();
    }
    context.lineJoin = 'round';
    context.strokeStyle = 'rgba(0, 0, 0, .45)';
    context.lineWidth = 3 * unit;
    context.stroke(path);
    context.strokeStyle = face === shown ? '#6ee7ff' : '#ffffff';
    context.lineWidth = 1.3 * unit;
    context.stroke(path);
    if (message.faces.length > 1) {
      const [x, y] = at(8);
      context.font = `600 ${14 * unit}px system-ui, sans-serif`;
      context.textAlign = 'center';
      context.fillStyle = context.strokeStyle;
      context.strokeStyle = 'rgba(0, 0, 0, .6)';
      context.lineWidth = 3 * unit;
      context.strokeText(String(face.face_id), x, y + 18 * unit);
      context.fillText(String(face.face_id), x, y + 18 * unit);
    }
  }
}

/** Asks for the next picture when the last one is drawn, so that a slow page asks less. */
async function pictures() {
  let number = 0;
  for (;;) {
    await new Promise((done) => setTimeout(done, PICTURE_PAUSE));
    if (view.paused || view.ended || document.hidden) continue;
    try {
      const response = await fetch(`/picture?after=${number}`, {cache: 'no-store'});
      if (response.status !== 200) {
        if (response.status !== 204) await new Promise((done) => setTimeout(done, 500));
        continue;
      }
      number = Number(response.headers.get('X-Picture'));
      const bitmap = await createImageBitmap(await response.blob());
      if (!view.paused) drawPicture(bitmap, waiting.get(number));
      bitmap.close();
    } catch {
      number = 0;  // another run may answer next
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}

function listen() {
  const events = new EventSource('/events');
  const on = (name, act) => events.addEventListener(name, (e) => act(JSON.parse(e.data)));
  on('hello', (hello) => {
    $('source').textContent = `${hello.source} · ${hello.width} × ${hello.height} · pack ${hello.pack}`;
    document.title = `${hello.source} · Frontalis live`;
    waiting = new Map();
    ages.points = [];
    buildUnits(hello);
    view.ended = false;
    showState('running', '');
  });
  on('state', (state) => {
    view.ended = state.state !== 'running';
    showState(state.state, state.message);
    if (view.ended) events.close();
  });
  on('frame', onFrame);
  on('neutral', () => clearTraces());
  events.onerror = () => {
    if (!view.ended) showState('gone', 'No connection to frontalis live; trying again.');
  };
}

function toggle(button, name) {
  view[name] = !view[name];
  $(button).setAttribute('aria-pressed', String(view[name]));
}
function reset() {
  fetch('/reset', {method: 'POST', headers: {'X-Frontalis': '1'}}).catch(() => {});
}
$('reset').addEventListener('click', reset);
$('overlay').addEventListener('click', () => toggle('overlay', 'overlay'));
$('pause').addEventListener('click', () => toggle('pause', 'paused'));
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
  const button = {r: 'reset', o: 'overlay', p: 'pause'}[event.key.toLowerCase()];
  if (button) $(button).click();
});

listen();
pictures();
requestAnimationFrame(draw);
