// Every hit is written to storage before it is sent, and removed when the server has it. If the network or the server
// fails, the hit stays there and goes along with a later request. It keeps its id, so the server counts it once.
const SHELF = 'gl' + cfg.account + '.';
const SHELF_HITS = 200;
const SHELF_SIZE = 65536;
const BATCH = 50;
// The hits of this page (text and time of creation), for the case that storage is refused.
let box = {};
// The ids of hits that are being sent, or are finished.
let gone = {};
let pause;
let obeying;
let failures = 0;
let imagesOnly = !w.fetch;

function shelf(fn) {
  return safe(() => fn(w.localStorage));
}

function keep(hit) {
  const text = JSON.stringify(hit);
  box[hit.id] = [text, mono()];
  shelf(s => s.setItem(SHELF + hit.id, text));
}

function strike(id) {
  gone[id] = 1;
  delete box[id];
  shelf(s => s.removeItem(SHELF + id));
}

function keptTexts() {
  const texts = {};
  shelf(s => {
    for (let i = 0; i < s.length; i++) {
      const key = s.key(i);
      if (key.startsWith(SHELF)) texts[key.slice(SHELF.length)] = s.getItem(key);
    }
  });
  Object.keys(box).forEach(id => texts[id] = box[id][0]);
  return texts;
}

function dropKept() {
  Object.keys(keptTexts()).forEach(strike);
}

function age(hit) {
  const born = box[hit.id];
  return Math.round(Math.max(0, Date.now() - hit.at, born ? mono() - born[1] : 0));
}

// The waiting hits, the oldest first (ids begin with the time). When there are too many, the oldest are dropped.
function waiting() {
  const texts = keptTexts();
  let room = SHELF_SIZE;
  return Object.keys(texts).sort().reverse().filter((id, i) => {
    room -= texts[id].length;
    const hit = safe(JSON.parse, texts[id]);
    const fits = i < SHELF_HITS && room >= 0 && hit && hit.id == id && age(hit) < DAY;
    texts[id] = hit;
    if (!fits) strike(id);
    return fits && !gone[id];
  }).reverse().map(id => texts[id]);
}

function wire(hit) {
  const sent = Object.assign({ age: age(hit) }, hit);
  delete sent.at;
  return sent;
}

function flush() {
  if (pause || !on()) return;
  const hits = waiting().slice(0, BATCH);
  if (hits.length) post(hits);
}

function send(path, body) {
  return w.fetch(server + path, {
    method: 'POST',
    credentials: 'omit',
    // Browsers refuse more than 64 KiB of such requests.
    keepalive: body.length < 2e4,
    body: body
  });
}

function post(hits) {
  hits.forEach(hit => gone[hit.id] = 1);
  if (imagesOnly) return hits.forEach(hit => image(hit, log, () => later([hit])));
  const body = JSON.stringify(hits.map(wire));
  log(body);
  const answer = safe(send, '/collect', body);
  const failed = () => safe(unreachable, hits);
  if (answer) answer.then(r => safe(answered, hits, r), failed);
  else failed();
}

function answered(hits, answer) {
  const status = answer.status;
  log(status + ' ' + answer.headers.get('X-Guestlog'));
  if (status == 429 || status > 499) return later(hits, +answer.headers.get('Retry-After'));
  failures = 0;
  // One bad hit must not take the others with it.
  if (status > 399 && hits[1]) return hits.forEach(hit => post([hit]));
  hits.forEach(hit => strike(hit.id));
  flush();
}

// The content policy of a site may forbid requests but allow images.
function unreachable(hits) {
  image(hits[0], () => {
    imagesOnly = true;
    post(hits.slice(1));
  }, () => later(hits));
}

function image(hit, loaded, failed) {
  const picture = new w.Image();
  picture.onload = () => safe(() => {
    strike(hit.id);
    loaded();
  });
  picture.onerror = () => safe(failed);
  picture.src = server + '/__ptq.gif?' + query(wire(hit), true);
}

function query(values, outer) {
  return Object.keys(values).map(name => {
    const value = values[name];
    return encodeURIComponent(outer && /^(id|age|rev)$/.test(name) ? 'gl_' + name : name) + '=' +
      encodeURIComponent(value === Object(value) ? query(value) : value);
  }).join('&');
}

function later(hits, seconds) {
  hits.forEach(hit => delete gone[hit.id]);
  if (pause) return;
  obeying = seconds > 0;
  const wait = obeying ? Math.min(seconds, 3600) * 1e3 : Math.min(5e3 << failures, 12e4) * (1 + Math.random() / 4);
  if (failures < 9) failures++;
  pause = setTimeout(resume, wait);
}

function resume() {
  clearTimeout(pause);
  pause = 0;
  safe(flush);
}

function beam(hit) {
  return safe(() => nav.sendBeacon(server + '/collect', JSON.stringify([wire(hit)])));
}

// The page is closing, so the browser gets the hits to send. If the server is known to be away, they stay in storage.
function part(hit) {
  if (pause || imagesOnly || !beam(hit)) {
    keep(hit);
    flush();
  }
}
