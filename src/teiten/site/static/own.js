// SPDX-License-Identifier: Apache-2.0
// Public pages only: answers search and self-check in the browser from the published index, so that what a reader enters never leaves it.
// The pages work without it where a server answers. Strangers' text enters by textContent only.
"use strict";
(() => {
  const answer = document.getElementById("answer");
  const check = document.getElementById("check");
  const search = document.getElementById("search");
  const language = document.documentElement.lang;
  if (!answer) return;

  let index = null;
  const load = async () => {
    if (!index) {
      const response = await fetch("/api/index.json");
      if (!response.ok) throw new Error(String(response.status));
      index = await response.json();
    }
    return index;
  };
  const visible = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (char) => "\\u" + char.codePointAt(0).toString(16).padStart(4, "0"));
  const element = (name, className, text) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const link = (row) => {
    const made = element("a", "named");
    made.href = `/${language}/detail/${row.id}/`;
    made.append(element("bdi", "", visible(row.target)));
    return made;
  };
  const number = (value, few) => (value === null ? few : value.toLocaleString("en-US"));

  const meant = (typed) => {
    const port = /^(\d{1,5})(?:\/(tcp|udp))?$/i.exec(typed);
    if (port && Number(port[1]) < 65536) return (port[2] ? [port[2].toLowerCase()] : ["tcp", "udp"]).map((protocol) => ["packet", `${Number(port[1])}/${protocol}`]);
    if (/^\d+(\.\d+){3}$|^[0-9a-f:]*:[0-9a-f:.]*$/i.test(typed) && !typed.includes("/")) return null;
    if (/^(ping|icmp|ping\/icmp)$/i.test(typed)) return [["packet", "ping/icmp"]];
    if (/^[A-Z]{3,10} \S/.test(typed)) return [["web", typed]];
    let path = typed.startsWith("/") ? typed : "";
    if (/^https?:\/\//i.test(typed)) { try { const url = new URL(typed); path = url.pathname + url.search; } catch { path = ""; } }
    if (path) return ["GET", "POST", "HEAD"].map((method) => ["web", `${method} ${path}`]);
    return [["ssh", typed], ["mail", typed]];
  };

  const checked = (rows, typed, words) => {
    const entry = element("div");
    const name = element("dt");
    name.append(element("bdi", "", visible(typed)));
    entry.append(name);
    const targets = meant(typed);
    const found = (targets || []).flatMap(([channel, target]) => rows.filter((row) => row.channel === channel && row.target === target));
    entry.className = found.length ? "hit" : "miss";
    for (const row of found) {
      const line = element("dd");
      const told = words.hit.replace("{accesses}", number(row.accesses, words.few)).replace("{sources}", number(row.sources, words.few)).replace("{first}", row.first_on);
      line.append(link(row), " " + told);
      entry.append(line);
    }
    if (!found.length) entry.append(element("dd", "", targets ? words.miss : words.address));
    return entry;
  };

  if (check) {
    check.addEventListener("submit", async (event) => {
      event.preventDefault();
      const words = document.getElementById("check-words").dataset;
      const typed = [...new Set(check.elements.text.value.slice(0, 20000).split(/\r?\n/).flatMap((line) => (/[/ ]/.test(line.trim()) ? [line] : line.split(","))).map((line) => line.trim()).filter(Boolean))];
      try {
        const rows = await load();
        const list = element("dl", "answers");
        list.append(...typed.slice(0, 100).map((one) => checked(rows, one, words)));
        answer.replaceChildren(list);
      } catch { check.submit(); }
    });
  }

  const found = async (asked) => {
    const words = document.getElementById("row-words").dataset;
    const wanted = asked.toLowerCase();
    const rows = (await load()).filter((row) => row.target.toLowerCase().includes(wanted)).slice(0, 100);
    if (!rows.length) { answer.replaceChildren(element("p", "nothing", `${words.nothing} ${words.outside}`)); return; }
    const list = element("ul", "hits");
    list.append(...rows.map((row) => { const line = element("li"); line.append(link(row)); return line; }));
    answer.replaceChildren(list);
  };
  if (search) {
    const asked = new URLSearchParams(location.search).get("q");
    if (asked && asked.trim() && !answer.childElementCount) {
      search.elements.q.value = asked.slice(0, 200);
      found(asked.trim().slice(0, 200)).catch(() => {});
    }
  }
})();
