// Every hit is written to storage before it is sent, and removed when the server has it. If the network or the server
// fails, the hit stays there and goes along with a later request. It keeps its id, so the server counts it once.
const SHELF = 'gl' + account + '.';
const SHELF_HITS = 200;
const SHELF_SIZE = 65536;
const BATCH = 50;
// By id, the hits of this page (time of creation and text), for the case that storage is refused.
let box = {};
// The ids of hits that are being sent, or are finished.
let gone = {};
let pause;
let obeying;
let failures = 0;
let imagesOnly = !safe(() => w.fetch);
let warned;

function shelf(fn) {
  return safe(() => fn(w.localStorage));
}

// The text begins with the time of the hit, so it need not be parsed to know its age.
function textOf(hit) {
  const at = hit.at;
  delete hit.at;
  return at + json(hit);
}

function keep(hit) {
  const text = textOf(hit);
  box[hit.id] = [mono(), text];
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
      if (key.startsWith(SHELF)) texts[key.slice(SHELF.length)] = s.getItem(key) || '';
    }
  });
  each(names(box), id => texts[id] = box[id][1]);
  return texts;
}

function dropKept() {
  each(names(keptTexts()), strike);
}

function age(id, text) {
  return Math.round(Math.max(0, Date.now() - parseInt(text, 10), box[id] ? mono() - box[id][0] : 0));
}

// The waiting hits (id and text), the oldest first, because ids begin with the time. When there are too many, the oldest
// are dropped.
function waiting() {
  const texts = keptTexts();
  const ids = names(texts);
  let room = SHELF_SIZE;
  safe(() => ids.sort());
  for (let i = ids.length; i--;) {
    const text = texts[ids[i]];
    room -= text.length;
    if (ids.length - i > SHELF_HITS || room < 0 || !(age(ids[i], text) < DAY)) strike(ids[i]);
  }
  return map(filter(ids, id => !gone[id]), id => [id, texts[id]]);
}

function wire(hit) {
  return hit[1].replace(/^[^{]*{/, '{"age":' + age(hit[0], hit[1]) + ',');
}

function flush() {
  if (pause || !on()) return;
  const hits = filter(waiting(), (hit, i) => i < BATCH);
  if (hits[0]) post(hits);
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
  each(hits, hit => gone[hit[0]] = 1);
  if (imagesOnly) return each(hits, hit => image(hit, () => later([hit])));
  const body = '[' + join(map(hits, wire), ',') + ']';
  log(body);
  const answer = safe(send, '/collect', body);
  const failed = () => safe(unreachable, hits);
  // What a page has put in place of `fetch` may answer anything.
  if (!answer || !answer.then) return failed();
  answer.then(r => safe(answered, hits, r), failed);
}

function answered(hits, answer) {
  const said = safe(() => answer.headers.get('X-Guestlog'));
  const status = answer && answer.status;
  log(status + ' ' + said);
  if (status == 429 || status > 499) return later(hits, +safe(() => answer.headers.get('Retry-After')));
  if (!said) return stranger(hits, status);
  failures = 0;
  if (status > 399) {
    // One bad hit must not take the others with it, and it may be the way that spoiled it.
    if (hits[1]) each(hits, hit => post([hit]));
    else image(hits[0], () => strike(hits[0][0]));
    return;
  }
  each(hits, hit => strike(hit[0]));
  flush();
}

// Something else answers in the place of the server, or the page has changed what `fetch` answers.
function stranger(hits, status) {
  if (!warned) warn('no answer from ' + server + ' ' + status);
  warned = true;
  unreachable(hits);
}

// The content policy of a site may forbid requests but allow images.
function unreachable(hits) {
  image(hits[0], () => later(hits), () => {
    imagesOnly = true;
    post(filter(hits, (hit, i) => i));
  });
}

// The last way is a beacon, of which nobody learns whether it arrived.
function image(hit, failed, loaded) {
  const done = () => {
    strike(hit[0]);
    if (loaded) loaded();
  };
  const picture = safe(() => new w.Image());
  if (!picture) return beam(hit) ? done() : failed();
  picture.onload = () => safe(done);
  picture.onerror = () => safe(failed);
  picture.src = server + '/__ptq.gif?gl_hit=' + encodeURIComponent(wire(hit));
}

function later(hits, seconds) {
  each(hits, hit => delete gone[hit[0]]);
  if (pause) return;
  obeying = seconds > 0;
  const wait = obeying ? Math.min(seconds, 3600) * 1e3 : Math.min(5e3 << failures, 12e4) * (1 + Math.random() / 4);
  if (failures < 9) failures++;
  pause = delay(resume, wait);
}

function resume() {
  stop(pause);
  pause = 0;
  safe(flush);
}

function beam(hit) {
  return safe(() => nav.sendBeacon(server + '/collect', '[' + wire(hit) + ']'));
}

// The page is closing, so the browser gets the hits to send. If the server is known to be away, they stay in storage.
function part(hit) {
  keep(hit);
  if (!pause && !imagesOnly && beam([hit.id, box[hit.id][1]])) strike(hit.id);
  else flush();
}
