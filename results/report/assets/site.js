// Sorting, filtering and comparing. What the pages say stands in them without this.
"use strict";

// Theme: the reader's, kept where the browser lets us.
(() => {
  const button = document.getElementById("theme");
  const root = document.documentElement;
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const say = () => { button.textContent = dark() ? "Light" : "Dark"; button.setAttribute("aria-label", button.textContent + " theme"); };
  button.hidden = false;
  say();
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("llm4rec-theme", root.dataset.theme); } catch { /* not kept */ }
    say();
  });
})();

// Sorting: a header's button orders the rows of each body, or of all where groups are not kept. What has no value is last.
const number = (text) => {
  const x = parseFloat(String(text).replace(/[^0-9.eE+-]/g, ""));
  return Number.isNaN(x) ? null : x;
};

const sortRows = (table, column, direction) => {
  const key = (tr) => {
    const cell = at(tr, column);
    if (!cell) return null;
    if (cell.dataset.v !== undefined) return cell.dataset.v === "" ? null : parseFloat(cell.dataset.v);
    const text = cell.textContent.trim();
    return text === "–" || text === "" ? null : text;
  };
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter((tr) => !tr.classList.contains("group"));
    const keys = new Map(rows.map((tr) => [tr, key(tr)]));
    const numeric = [...keys.values()].every((k) => k === null || typeof k === "number" || /^[+-]?[0-9.]+%?$/.test(k));
    rows.sort((a, b) => {
      const x = keys.get(a), y = keys.get(b);
      if (x === null || y === null) return (x === null) - (y === null);
      const order = numeric ? number(x) - number(y) : String(x).localeCompare(String(y), "en", { numeric: true });
      return order * direction;
    });
    body.append(...rows);
  }
};

// at is the cell in a column: a cell may span several.
const at = (tr, column) => {
  let n = 0;
  for (const cell of tr.cells) {
    if (column < n + cell.colSpan) return cell.colSpan > 1 ? null : cell;
    n += cell.colSpan;
  }
  return null;
};

for (const table of document.querySelectorAll("table.sortable")) {
  [...table.tHead.rows[0].cells].forEach((th, column) => {
    if (table.id === "board" && !th.dataset.sort) return;
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = th.textContent;
    th.replaceChildren(button);
    button.addEventListener("click", () => {
      const descending = th.getAttribute("aria-sort") ? th.getAttribute("aria-sort") === "ascending" : th.classList.contains("n");
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortRows(table, column, descending ? -1 : 1);
    });
  });
}

// Samples of users and conversations: what is hidden takes its group along.
(() => {
  const form = document.getElementById("browse");
  if (!form) return;
  form.hidden = false;
  const all = [...document.querySelectorAll("[data-browse]")];
  const text = new Map(all.map((e) => [e, ((e.closest("[data-group]")?.querySelector("h3").textContent ?? "") + " " + e.textContent).toLowerCase()]));
  const filter = () => {
    const { find, kind, bad } = form.elements;
    const word = find.value.trim().toLowerCase();
    let shown = 0;
    for (const e of all) {
      e.hidden = !((!word || text.get(e).includes(word)) && (!kind?.value || e.dataset.kind === kind.value) && (!bad?.checked || e.dataset.bad === "true"));
      if (!e.hidden) shown++;
    }
    for (const group of document.querySelectorAll("[data-group]")) group.hidden = !group.querySelector("[data-browse]:not([hidden])");
    document.getElementById("browsed").textContent = `${shown} of ${all.length} shown`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (e) => e.preventDefault());
  filter();
})();

// The leaderboard's filters, and the two rows that are chosen.
(() => {
  const form = document.getElementById("filters"), table = document.getElementById("board");
  if (!form || !table) return;
  form.hidden = false;
  const groups = [...table.tBodies];
  const home = new Map();
  for (const body of groups) for (const tr of body.rows) home.set(tr, body);
  const rows = [...home.keys()].filter((tr) => !tr.classList.contains("group"));
  const loose = document.createElement("tbody");

  const order = () => {
    const th = table.tHead.querySelector("[aria-sort]");
    if (th) sortRows(table, [...table.tHead.rows[0].cells].indexOf(th), th.getAttribute("aria-sort") === "descending" ? -1 : 1);
  };
  const regroup = () => {
    if (form.elements.grouped.checked) {
      loose.remove();
      for (const [tr, body] of home) body.append(tr);
      table.append(...groups);
    } else {
      for (const body of groups) body.remove();
      for (const tr of rows) { tr.dataset.group = home.get(tr).className; loose.append(tr); }
      table.append(loose);
    }
    order();
  };
  const filter = () => {
    const { find, stage, device, publishable } = form.elements;
    const word = find.value.trim().toLowerCase();
    let shown = 0;
    for (const tr of rows) {
      const name = tr.querySelector("th").textContent.toLowerCase();
      tr.hidden = !((!word || name.includes(word)) && (!stage.value || tr.dataset.stage === stage.value) &&
        (!device.value || tr.dataset.device === device.value) && (!publishable.checked || tr.dataset.publishable === "true"));
      if (!tr.hidden) shown++;
    }
    for (const body of groups) body.hidden = ![...body.rows].some((tr) => !tr.hidden && !tr.classList.contains("group"));
    document.getElementById("shown").textContent = `${shown} of ${rows.length} systems`;
  };
  form.addEventListener("input", filter);
  form.addEventListener("submit", (e) => e.preventDefault());
  form.elements.grouped.addEventListener("change", regroup);

  const link = document.getElementById("chosen");
  const picks = [...table.querySelectorAll(".pick input")];
  let chosen = [];
  for (const box of picks) {
    box.checked = false;
    box.addEventListener("change", () => {
      chosen = chosen.filter((x) => x !== box);
      if (box.checked) chosen.push(box);
      while (chosen.length > 2) chosen.shift().checked = false;
      link.hidden = chosen.length !== 2;
      if (chosen.length === 2) {
        const names = chosen.map((x) => x.closest("tr").querySelector("th a").textContent);
        link.textContent = `Compare ${names[0]} with ${names[1]}`;
        link.href = "compare.html#" + chosen.map((x) => x.closest("tr").querySelector("th a").getAttribute("href")).join("&");
      }
    });
  }
  filter();
})();

// Comparing two systems by user.
(() => {
  const form = document.getElementById("compare"), data = window.llm4rec;
  if (!form || !data) return;
  form.hidden = false;
  const letters = "!#$%'()*+,-./0123456789:;=?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_`{|}~";

  // decode reads a row of values: small letters count zeros, any other is a level.
  const decode = (text) => {
    const out = new Float64Array(data.count);
    let zeros = 0, u = 0;
    for (const c of text) {
      if (c >= "a" && c <= "z") { zeros = zeros * 26 + c.charCodeAt(0) - 97; continue; }
      u += zeros;
      zeros = 0;
      out[u++] = data.levels[letters.indexOf(c)];
    }
    return out;
  };

  const { a, b } = form.elements;
  data.systems.forEach((s, n) => { a.add(new Option(s.name, n)); b.add(new Option(s.name, n)); });
  const fromHash = () => {
    const pages = location.hash.slice(1).split("&").map((p) => data.systems.findIndex((s) => s.page === p));
    a.value = pages[0] >= 0 ? pages[0] : 0;
    b.value = pages.length > 1 && pages[1] >= 0 ? pages[1] : Math.min(1, data.systems.length - 1);
  };

  const element = (name, text, attributes = {}) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    return e;
  };
  const svg = (name, attributes, text) => {
    const e = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (text !== undefined) e.textContent = text;
    return e;
  };
  const signed = (x, digits = 4) => (x < 0 ? "−" : x > 0 ? "+" : "") + Math.abs(x).toFixed(digits);

  // histogram counts differences in steps of a tenth. Those of zero would hide all others, and are told in words.
  const histogram = (d) => {
    const w = 680, h = 260, left = 50, bottom = 40, top = 12, bins = new Array(20).fill(0);
    for (const x of d) if (x !== 0) bins[Math.min(19, Math.max(0, x > 0 ? 10 + Math.ceil(x * 10 - 1e-9) - 1 : Math.floor(x * 10 + 1e-9) + 10))]++;
    const most = Math.max(1, ...bins), each = (w - left - 10) / 20;
    const power = 10 ** Math.floor(Math.log10(most / 4 || 1));
    const step = Math.max(1, [1, 2, 5, 10].map((f) => f * power).find((x) => x * 4 >= most));
    const high = step * Math.ceil(most / step);
    const out = svg("svg", { class: "figure", viewBox: `0 0 ${w} ${h}`, role: "img", "aria-label": "Users by their difference" });
    for (let n = 0; n <= high; n += step) {
      const y = h - bottom - (h - top - bottom) * n / high;
      out.append(svg("path", { class: "grid", d: `M${left} ${y}H${w - 10}` }));
      out.append(svg("text", { x: left - 6, y: y + 4, "text-anchor": "end" }, String(n)));
    }
    bins.forEach((count, n) => {
      const height = (h - top - bottom) * count / high;
      const bar = svg("rect", { class: n < 10 ? "bar-b" : "bar-a", x: left + n * each + 1, y: h - bottom - height, width: each - 2, height });
      bar.append(svg("title", {}, `${((n - 10) / 10).toFixed(1)} to ${((n - 9) / 10).toFixed(1)}: ${count} users`));
      out.append(bar);
    });
    for (let n = 0; n <= 20; n += 5) out.append(svg("text", { x: left + n * each, y: h - bottom + 16, "text-anchor": "middle" }, String((n - 10) / 10).replace("-", "−")));
    out.append(svg("path", { class: "axis", d: `M${left} ${h - bottom}H${w - 10}M${left + 10 * each} ${top}V${h - bottom}` }));
    out.append(svg("text", { x: (left + w) / 2, y: h - 6, "text-anchor": "middle" }, `difference of ${data.metric} of a user`));
    return out;
  };

  const table = (caption, header, rows) => {
    const t = element("table", undefined, { class: "plain" });
    t.append(element("caption", caption));
    const head = t.createTHead().insertRow();
    header.forEach((h, n) => head.append(element("th", h, { scope: "col", class: n ? "n" : "" })));
    const body = t.createTBody();
    for (const row of rows) {
      const tr = body.insertRow();
      row.forEach((x, n) => tr.append(n ? element("td", x, { class: "n" }) : element("th", x, { scope: "row" })));
    }
    const wide = element("div", undefined, { class: "wide", tabindex: "0", role: "group", "aria-label": caption });
    wide.append(t);
    return wide;
  };

  const show = () => {
    const i = Number(a.value), j = Number(b.value), A = data.systems[i], B = data.systems[j];
    const out = document.getElementById("comparison");
    out.replaceChildren();
    if (i === j) { out.append(element("p", "Choose two systems that differ.", { class: "notice" })); return; }
    history.replaceState(null, "", "#" + A.page + "&" + B.page);
    const x = decode(A.rows), y = decode(B.rows), d = x.map((v, u) => v - y[u]);
    const wins = d.reduce((n, v) => n + (v > 1e-12), 0), losses = d.reduce((n, v) => n + (v < -1e-12), 0);
    const turned = i > j, known = data.pairs[turned ? `${j},${i}` : `${i},${j}`], sign = turned ? -1 : 1;
    const mean = known ? sign * known.d : A.mean - B.mean;

    const link = (s) => { const e = element("a", s.name, { href: s.page }); return e; };
    const p = element("p", undefined, { class: "lead" });
    p.append(link(A), ` ${A.mean.toFixed(4)}, `, link(B), ` ${B.mean.toFixed(4)}: a difference of ${signed(mean)}`);
    if (known && known.lo !== null) {
      const [lo, hi] = turned ? [-known.hi, -known.lo] : [known.lo, known.hi];
      p.append(`, 95% ${signed(lo)} to ${signed(hi)}`);
    }
    p.append(". ");
    if (!known) p.append("These two were not tested against each other.");
    else {
      if (known.p !== null) p.append(`p ${known.p.toFixed(4)}; `);
      p.append(`with Holm’s correction over ${known.of}, p ${known.holm.toFixed(4)}: `, element("strong", known.holm <= .05 ? "they differ." : "not distinguishable."));
    }
    out.append(p);
    out.append(table("Users", ["", "users", "share"], [
      [`${A.name} is better`, wins], ["equal", d.length - wins - losses], [`${B.name} is better`, losses],
    ].map(([name, n]) => [name, String(n), (100 * n / d.length).toFixed(1) + "%"])));
    const figure = element("figure");
    figure.append(element("figcaption", "Users by their difference, without those of zero"));
    const wide = element("div", undefined, { class: "wide", tabindex: "0", role: "group", "aria-label": "Histogram" });
    wide.append(histogram(d));
    figure.append(wide);
    out.append(figure);
    if (!data.exact) out.append(element("p", `Values of users are rounded to ${data.levels.length} levels here; means and tests are not.`, { class: "note" }));

    const order = [...d.keys()].filter((u) => d[u] !== 0).sort((u, v) => Math.abs(d[v]) - Math.abs(d[u]) || u - v).slice(0, 20);
    if (order.length && data.users.length) out.append(table("Users with the largest differences", ["user", A.name, B.name, "difference"],
      order.map((u) => [data.users[u], x[u].toFixed(4), y[u].toFixed(4), signed(d[u])])));
  };
  form.addEventListener("change", show);
  form.addEventListener("submit", (e) => e.preventDefault());
  document.getElementById("swap").addEventListener("click", () => { [a.value, b.value] = [b.value, a.value]; show(); });
  addEventListener("hashchange", () => { fromHash(); show(); });
  fromHash();
  show();
})();
