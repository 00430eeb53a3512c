// SPDX-License-Identifier: Apache-2.0
// Refreshes the live list and today's counts every two seconds. The page is complete without it. Strangers' text enters by textContent only.
"use strict";
(() => {
  const table = document.getElementById("live");
  const pulse = document.getElementById("pulse");
  if (!table || !pulse) return;
  const PERIOD = 2000, LONGEST = 60000;
  const words = pulse.dataset;
  let paused = false, wait = PERIOD, timer = 0, last = "";

  const state = document.createElement("span");
  const button = document.createElement("button");
  button.type = "button";
  pulse.replaceChildren(state, button);

  const cell = (name, text, isolate) => {
    const td = document.createElement("td");
    td.className = name;
    td.setAttribute("role", "cell");
    if (!isolate) { td.textContent = text; return td; }
    const bdi = document.createElement("bdi");
    bdi.textContent = text;
    td.append(bdi);
    return td;
  };

  const line = (row) => {
    const tr = document.createElement("tr");
    tr.setAttribute("role", "row");
    const time = document.createElement("time");
    time.dateTime = row.at;
    time.textContent = row.time;
    const first = cell("time", "");
    first.append(time);
    tr.append(first, cell("channel", row.channel_name), cell("kind", row.kind), cell("source", row.source, true),
      cell("region", row.region), cell("target", row.target, true));
    return tr;
  };

  const reading = () => {
    const selection = document.getSelection();
    return selection && !selection.isCollapsed && table.contains(selection.anchorNode);
  };

  const identity = (row) => [row.at, row.source, row.target, row.sensor].join("\u0000");
  let known = null;

  const show = (found) => {
    if (found.rows.length && !reading()) {
      const rows = found.rows.map((row) => {
        const tr = line(row);
        if (known && !known.has(identity(row))) tr.className = "fresh";
        return tr;
      });
      known = new Set(found.rows.map(identity));
      table.tBodies[0].replaceChildren(...rows);
      setTimeout(() => rows.forEach((tr) => tr.classList.remove("fresh")), PERIOD / 2);
    }
    for (const count of found.today) {
      for (const measure of ["sources", "accesses"]) {
        const place = document.querySelector(`#today tr[data-channel="${CSS.escape(count.channel)}"] td[data-measure="${measure}"]`);
        if (place) place.textContent = count[measure];
      }
    }
  };

  const tell = (lost) => {
    state.textContent = paused ? words.paused : lost ? words.lost : words.running;
    button.textContent = paused ? words.resume : words.pause;
  };

  const refresh = async () => {
    timer = 0;
    if (paused || document.hidden) return;
    const ender = new AbortController();
    const limit = setTimeout(() => ender.abort(), 10000);
    try {
      const answer = await fetch(table.dataset.from, { signal: ender.signal, credentials: "same-origin", redirect: "error" });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      if (text !== last) show(JSON.parse(text));
      last = text;
      wait = PERIOD;
      tell(false);
    } catch {
      wait = Math.min(wait * 2, LONGEST);
      tell(true);
    } finally {
      clearTimeout(limit);
    }
    plan();
  };

  const plan = () => {
    if (!timer && !paused && !document.hidden) timer = setTimeout(refresh, wait);
  };
  const begin = () => {
    clearTimeout(timer);
    timer = 0;
    wait = PERIOD;
    tell(false);
    plan();
  };

  button.addEventListener("click", () => { paused = !paused; begin(); });
  document.addEventListener("visibilitychange", begin);
  begin();
})();
