// Keeps the page for when there is no network. What is named by its content is taken from here; everything
// else is asked for first, and taken from here only where nobody answers: an update is never missed.
// FILES and VERSION are written in when the page is built (web/vite.config.ts).

const FILES = __FILES__;
const VERSION = "__VERSION__";
const PREFIX = `isobath ${registration.scope} `;
const PAGE = `${PREFIX}${VERSION}`;
/** Models, sounds and worlds, whatever page asked for them. */
const CONTENT = `${PREFIX}content`;
const MOST = 60;
const KEPT = /^(models\/|sounds\/[0-9a-f]+\/|world\/|icon|manifest\.webmanifest$|licences\.txt$)/;

addEventListener("install", (event) => event.waitUntil(caches.open(PAGE).then((cache) => cache.addAll(FILES))));

addEventListener("activate", (event) => event.waitUntil(settle()));

async function settle() {
  for (const name of await caches.keys())
    if (name.startsWith(PREFIX) && name !== PAGE && name !== CONTENT) await caches.delete(name);
  await clients.claim();
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  const path = request.url.slice(registration.scope.length).replace(/[?#].*$/, "");
  if (path.startsWith("assets/")) event.respondWith(fromHere(request));
  else if (path === "" || path === "index.html") {
    if (request.mode === "navigate" && !url.searchParams.has("token")) event.respondWith(fromThere(request, PAGE, "./"));
  } else if (KEPT.test(path)) event.respondWith(fromThere(request, CONTENT, request.url));
});

// The page tells what it fetched before this worker was there.
addEventListener("message", (event) => {
  const fetched = Array.isArray(event.data?.fetched) ? event.data.fetched : [];
  event.waitUntil(
    Promise.all(
      fetched.map(async (address) => {
        const url = String(address);
        if (!url.startsWith(registration.scope) || !KEPT.test(url.slice(registration.scope.length))) return;
        if ((await caches.match(url)) === undefined) await fromThere(new Request(url), CONTENT, url).catch(() => {});
      }),
    ),
  );
});

async function fromHere(request) {
  const found = await caches.match(request, { ignoreVary: true });
  if (found !== undefined) return found;
  const answer = await fetch(request);
  if (answer.ok) await keep(PAGE, request.url, answer.clone());
  return answer;
}

async function fromThere(request, name, key) {
  try {
    const answer = await fetch(request);
    // What is not let in, or not there, is told as it is; it does not take the place of what was.
    if (answer.status === 200 && answer.type === "basic" && !answer.redirected) await keep(name, key, answer.clone());
    return answer;
  } catch (problem) {
    const found = await caches.match(new URL(key, registration.scope).href, { ignoreVary: true });
    if (found !== undefined) return found;
    throw problem;
  }
}

async function keep(name, key, answer) {
  try {
    const cache = await caches.open(name);
    await cache.delete(key);
    await cache.put(key, answer);
    if (name !== CONTENT) return;
    const all = await cache.keys(); // the oldest first
    for (const old of all.slice(0, Math.max(0, all.length - MOST))) await cache.delete(old);
  } catch {
    // A full disk costs the page its life offline, nothing else.
  }
}
