// Small comforts for pages that work without any of this: menus close, dialogs open, forms go once, times stay true.
"use strict";

// A menu closes on Escape and on a click elsewhere.
function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (menu !== except) menu.open = false;
  }
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement?.closest("details.menu[open]");
  closeMenus();
  menu?.querySelector("summary").focus();
});

// <a href="/a/page/that/asks" data-dialog="id"> opens the dialog instead of the page.
document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-dialog]");
  const dialog = opener && document.getElementById(opener.dataset.dialog);
  if (dialog?.showModal) {
    event.preventDefault();
    dialog.showModal();
  }
  if (event.target.closest("[data-close]")) event.target.closest("dialog")?.close();
});

// A form is sent once, however often the button is pressed; coming back to the page makes it usable again.
// What a button shows in a frame of the page (formtarget) may be asked for again and again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || event.submitter?.formTarget) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
});

function release(root) {
  for (const form of root.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of root.querySelectorAll("[aria-disabled='true']")) button.removeAttribute("aria-disabled");
}

window.addEventListener("pageshow", (event) => event.persisted && release(document));
document.addEventListener("htmx:afterRequest", (event) => release(event.target.parentElement ?? document));

// <time datetime="…" data-relative>3 minutes ago</time> is kept true while the page stays open.
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang || "en", { numeric: "auto" });
const units = [["day", 86400], ["hour", 3600], ["minute", 60]];

function refreshTimes() {
  for (const element of document.querySelectorAll("time[data-relative]")) {
    const seconds = (new Date(element.dateTime) - Date.now()) / 1000;
    const [unit, size] = units.find(([, size]) => Math.abs(seconds) >= size) ?? ["second", 60];
    element.textContent = relative.format(unit === "second" ? 0 : Math.round(seconds / size), unit);
  }
}

window.setInterval(refreshTimes, 30_000);

// When a part of the page cannot be fetched, say so where a screen reader hears it too.
function sayOffline() {
  const live = document.getElementById("live");
  if (live) live.hidden = false;
}

document.addEventListener("htmx:responseError", sayOffline);
document.addEventListener("htmx:sendError", sayOffline);

// An error summary takes the focus, so that the first thing heard is what went wrong.
document.querySelector(".error-summary")?.focus();

// In a table of things to answer on, letters do what its buttons do, while it has the focus: next, before, choose, answer.
const reviewed = document.querySelector("[data-review]");
const rows = [...(reviewed?.querySelectorAll("[data-item]") ?? [])];

reviewed?.addEventListener("keydown", (event) => {
  if (event.target.closest("textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
  const at = rows.indexOf(event.target.closest("[data-item]"));
  const row = rows[at];
  const button = row?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (event.key === "j" || event.key === "k") {
    rows[Math.min(Math.max(at + (event.key === "j" ? 1 : -1), 0), rows.length - 1)]?.focus();
  } else if (event.key === "x") {
    row?.querySelector("input[type=checkbox]")?.click();
  } else if (button) {
    event.preventDefault();
    sessionStorage.setItem("reviewed", String(at));
    button.click();
    button.parentElement.querySelector("textarea")?.focus();
  }
});

// Whoever answered by a key goes on with the next one, which stands where the last one was.
if (rows.length && sessionStorage.getItem("reviewed")) {
  rows[Math.min(Number(sessionStorage.getItem("reviewed")), rows.length - 1)].focus();
  sessionStorage.removeItem("reviewed");
}
