// The tablet's worker. It keeps the page, never what the page shows: no answer of /api/ passes through it.
// A run opens from the cache at once; today's runs come from the server while it can be heard.
const VERSION = {{ version|tojson }};
const SHELLS = {{ shells|tojson }};
const FILES = {{ files|tojson }};
const KEPT = `busops-shell-${VERSION}`;
const LANGUAGES = "busops-language";
const VEHICLE = "/tablet/vehicle";
const PATIENCE_MS = 4000;
const kept = new Set([...FILES, ...Object.values(SHELLS)]);

self.addEventListener("install", (event) => {
  const fresh = [...kept].map((path) => new Request(path, { cache: "reload", credentials: "omit" }));
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(fresh)));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("busops-shell-") && name !== KEPT) await caches.delete(name);
    }
    await self.clients.claim(); // else the first page would hold no version back
  })());
});

// A newer version waits until the page says that nothing is unsent, and never comes in under an open run.
self.addEventListener("message", (event) => {
  if (event.data !== "take_over") return;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const isRunOpen = pages.some((page) => isRun(new URL(page.url).pathname));
    if (isRunOpen) return;
    event.source?.postMessage("coming");
    await self.skipWaiting();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (kept.has(address.pathname + address.search)) {
    event.respondWith(fromCache(address.pathname + address.search, request));
  } else if (request.mode === "navigate" && address.pathname.startsWith("/tablet/")) {
    const isOwn = (isRun(address.pathname) && !address.searchParams.has("from")) || address.pathname === VEHICLE;
    event.respondWith(isOwn ? shell() : fromServer(request));
  }
});

function isRun(path) {
  return path.startsWith("/tablet/runs/") || path.startsWith(`${VEHICLE}/`);
}

async function fromCache(path, request) {
  const found = await (await caches.open(KEPT)).match(path, { ignoreVary: true });
  return found ?? fetch(request);
}

async function shell() {
  const chosen = await (await caches.open(LANGUAGES)).match("/tablet/language");
  const path = SHELLS[chosen ? await chosen.text() : ""] ?? SHELLS[{{ default|tojson }}];
  return fromCache(path, path);
}

async function fromServer(request) {
  try {
    const late = new Promise((_, reject) => setTimeout(reject, PATIENCE_MS));
    const answer = await Promise.race([fetch(request), late]);
    if (answer.type === "opaqueredirect" && (await isVehicles())) return Response.redirect(VEHICLE, 302);
    return answer.status >= 500 ? await shell() : answer;
  } catch {
    return shell();
  }
}

// Nobody signs in on a vehicle's tablet: where the server asks for it, the bus has a page of its own.
async function isVehicles() {
  return Boolean(await (await caches.open(LANGUAGES)).match(VEHICLE));
}
