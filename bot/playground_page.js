// What Easel adds to SimCord's page; `playground_page.py` serves it.
"use strict";
{
  const MENUS = JSON.parse(document.currentScript.dataset.menus);
  const POINTER_MS = 3000;
  const ASSET_MS = 10000;
  const fetched = window.fetch.bind(window);
  const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

  // A press: as long as it lasts nothing new is shown, or the button would go away under the pointer. Where it has
  // been replaced all the same, by the end of an action, its successor is clicked.
  let released = Promise.resolve();
  let release = () => {};
  let pressed = null;
  let barred = false;
  addEventListener("pointerdown", (event) => {
    pressed = document.elementFromPoint(event.clientX, event.clientY)?.closest("button");
    barred = Boolean(pressed?.disabled && busy());
    release();
    released = Promise.race([new Promise((resolve) => { release = resolve; }), pause(POINTER_MS)]);
  }, true);
  for (const kind of ["pointerup", "pointercancel"]) addEventListener(kind, () => setTimeout(() => release(), 50), true);
  addEventListener("pointerup", ({ clientX, clientY }) => setTimeout(() => {
    const was = pressed;
    pressed = null;
    if (barred && was) void later(was);
    if (!was || was.isConnected) return;
    const now = document.elementFromPoint(clientX, clientY)?.closest("button");
    if (now?.textContent === was.textContent) now.click();
  }, 0), true);
  addEventListener("click", (event) => { if (pressed?.contains(event.target)) pressed = null; }, true);

  // An action under way: a click waits for its end. SimCord would drop it.
  const busy = () => {
    const page = window.simcordPreview;
    return Boolean(page && (page.pendingAction || page.awaitingRevision > page.publishedRevision));
  };
  const waiting = new Set();
  const later = async (control) => {
    const key = control.dataset.controlKey;
    const label = control.textContent;
    if (waiting.has(key) || (key && window.simcordPreview.pendingAction?.controlKey === key)) return;
    waiting.add(key);
    while (busy()) await pause(50);
    waiting.delete(key);
    const now = key ? document.querySelector(`[data-control-key="${CSS.escape(key)}"]`) : control;
    if (now?.textContent === label) now.click();
  };
  addEventListener("click", (event) => {
    const control = event.target instanceof Element && event.target.closest("button[data-control-key], #send-message");
    if (!control || !busy()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    void later(control);
  }, true);

  // The list of a command's options, which a repaint closes: it stays until the person turns to something else.
  let listing = false;
  addEventListener("click", (event) => { listing = Boolean(event.target.closest?.(".command-ghost")); }, true);
  addEventListener("keydown", () => { listing = false; }, true);
  const list = new MutationObserver(() => {
    const open = document.querySelector(".command-popup:not([hidden])");
    if (listing && !open) document.querySelector(".command-ghost")?.click();
  });

  // What SimCord is told: who looks at which channel, also after a reload, and which menu was chosen.
  let menu = null;
  const remembered = () => JSON.parse(sessionStorage.getItem("easel") || "{}");
  const remember = (more) => sessionStorage.setItem("easel", JSON.stringify({ ...remembered(), ...more }));
  const added = (address, options) => {
    if (address === "/api/pages") return { viewer_id: remembered().viewer_id };
    if (address !== "/api/action" || typeof options?.body !== "string" || !menu) return null;
    if (JSON.parse(options.body).kind !== "refresh") return null;
    const chosen = { menu };
    menu = null;
    return chosen;
  };
  window.fetch = async (address, options) => {
    const more = added(address, options);
    if (more) options = { ...options, body: JSON.stringify({ ...JSON.parse(options.body), ...more }) };
    if (address === "/api/pages") address += `?channel=${remembered().channel_id}`;
    const answer = await fetched(address, options);
    if (address === "/api/state") await released;
    // A preview that has been replaced meanwhile: its successor comes with the next state of the page.
    if (String(address).startsWith("/api/assets/") && !answer.ok) await pause(ASSET_MS);
    return answer;
  };

  addEventListener("DOMContentLoaded", () => {
    const channels = document.getElementById("channel-picker");
    if (remembered().channel_id) channels.value = remembered().channel_id;
    channels.addEventListener("change", () => { remember({ channel_id: channels.value }); location.reload(); });
    const viewers = document.getElementById("viewer-picker");
    viewers.addEventListener("change", () => remember({ viewer_id: viewers.value }));
    list.observe(document.getElementById("channel-composer"), { childList: true, subtree: true });
    document.getElementById("channel-message-list").addEventListener("contextmenu", openMenu);
    addEventListener("pointerdown", (event) => { if (!event.target.closest?.(".easel-menu")) closeMenu(); }, true);
    addEventListener("keydown", (event) => { if (event.key === "Escape") closeMenu(); });
  });

  const closeMenu = () => document.querySelector(".easel-menu")?.remove();
  function openMenu(event) {
    const message = event.target.closest("[data-message-id]");
    if (!message) return;
    event.preventDefault();
    closeMenu();
    const person = event.target.closest(".message-avatar, .message-author");
    const list = document.createElement("div");
    list.className = "easel-menu";
    list.setAttribute("role", "menu");
    list.setAttribute("aria-label", "Apps");
    for (const name of MENUS[person ? "person" : "message"]) {
      const entry = document.createElement("button");
      entry.type = "button";
      entry.setAttribute("role", "menuitem");
      entry.textContent = name;
      Object.assign(entry.style, {
        padding: "8px 12px", border: "0", borderRadius: "4px", background: "transparent", color: "#dbdee1",
        font: "inherit", textAlign: "left", cursor: "pointer",
      });
      entry.addEventListener("click", () => { closeMenu(); void choose(name, message.dataset.messageId); });
      list.append(entry);
    }
    Object.assign(list.style, {
      position: "fixed", zIndex: 1000, left: `${event.clientX}px`, top: `${event.clientY}px`,
      display: "grid", padding: "6px", borderRadius: "8px", background: "#111214", boxShadow: "0 8px 16px #0008",
    });
    document.body.append(list);
    list.firstElementChild.focus();
  }
  async function choose(name, message) {
    while (busy()) await pause(50);
    menu = { name, message };
    document.getElementById("refresh").click();
  }
}
