// What a script adds to pages that work without it: what is live arrives by itself, and explanations open beside
// the list. Every piece of HTML in here was rendered by the server of this very page.

const byId = (id) => document.getElementById(id);
const rows = byId("rows");
const panel = byId("panel");
const panelBody = byId("panel-body");
const ROWS_MAX = 40;

// --- What is live -------------------------------------------------------------------------------------------

let paused = false;
let held = "";

function addRows(html) {
  rows.parentElement.querySelector(".empty")?.remove();
  const focused = rows.contains(document.activeElement);
  rows.insertAdjacentHTML("afterbegin", html);
  for (const row of rows.children) {
    if (row.dataset.seen) break;
    row.dataset.seen = "1";
    row.classList.add("fresh");
  }
  // A row somebody stands on with the keyboard is not taken away under him.
  while (!focused && rows.children.length > ROWS_MAX) rows.lastElementChild.remove();
}

function listen() {
  for (const row of rows.children) row.dataset.seen = "1";
  const source = new EventSource(`/live?lang=${document.body.dataset.lang}`);
  source.addEventListener("rows", ({ data }) => {
    if (paused) held = (data + held).slice(0, 60000);
    else addRows(data);
  });
  source.addEventListener("tiles", ({ data }) => { if (!paused) byId("tiles").innerHTML = data; });
  source.addEventListener("frozen", ({ data }) => { byId("frozen").innerHTML = data; });
  source.addEventListener("house", ({ data }) => { byId("house").outerHTML = data; });
  addEventListener("pagehide", () => source.close());

  const pause = byId("pause");
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    pause.textContent = paused ? pause.dataset.on : pause.dataset.off;
    if (!paused && held) {
      const whole = held.lastIndexOf("</li>");
      if (whole > 0) addRows(held.slice(0, whole + 5));
      held = "";
    }
  });
  const only = byId("declined-only");
  only.hidden = false;
  only.addEventListener("click", () => {
    const on = only.getAttribute("aria-pressed") !== "true";
    only.setAttribute("aria-pressed", String(on));
    rows.classList.toggle("declined-only", on);
  });
}

// --- The panel ----------------------------------------------------------------------------------------------

const asPanel = (href) => {
  const url = new URL(href, location.href);
  url.searchParams.set("panel", "1");
  return url;
};
const asPage = (href) => {
  const url = new URL(href, location.href);
  url.searchParams.delete("panel");
  return url.pathname + url.search;
};

async function show(response, keep) {
  panelBody.innerHTML = await response.text();
  const page = asPage(response.url);
  byId("panel-full").href = page;
  if (!panel.open) panel.showModal();
  panel.scrollTop = 0;
  if (keep) history.pushState({ panel: page }, "", page);
}

async function open(href, keep = true) {
  const response = await fetch(asPanel(href));
  if (!(response.headers.get("content-type") ?? "").startsWith("text/html")) location.assign(asPage(href));
  else await show(response, keep);
}

const plain = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;

function openBeside() {
  const home = location.pathname + location.search;
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-panel]");
    if (!link || !plain(event)) return;
    event.preventDefault();
    open(link.href).catch(() => location.assign(link.href));
  });
  byId("panel-close").addEventListener("click", () => panel.close());
  panel.addEventListener("click", (event) => { if (event.target === panel) panel.close(); });
  panel.addEventListener("close", () => {
    panelBody.replaceChildren();
    if (location.pathname + location.search !== home) history.pushState(null, "", home);
  });
  addEventListener("popstate", ({ state }) => {
    if (state?.panel) open(state.panel, false).catch(() => location.reload());
    else if (panel.open) panel.close();
  });
}

// --- Forms --------------------------------------------------------------------------------------------------

async function send(form) {
  const fields = new URLSearchParams(new FormData(form));
  if (form.method === "get") return fetch(asPanel(`${form.action}?${fields}`));
  fields.set("panel", "1");
  return fetch(form.action, { method: "post", body: fields });
}

function improveForms(inPanel) {
  document.addEventListener("submit", (event) => {
    const form = event.target;
    const beside = "panelForm" in form.dataset && inPanel;
    const quiet = "quietForm" in form.dataset;
    if (!beside && !quiet) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    button.disabled = true;
    send(form)
      .then((response) => (beside ? show(response, form.method === "get") : told(form, response.ok)))
      .catch(() => form.submit())
      .finally(() => { button.disabled = false; });
  });
}

function told(form, ok) {
  const said = form.querySelector("strong")?.textContent ?? "";
  byId("played").textContent = `${ok ? "✓" : "✕"} ${said}`;
}

if (rows) {
  listen();
  openBeside();
}
improveForms(Boolean(rows));
