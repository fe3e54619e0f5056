// Before the page is drawn, so that it does not flash in the other colours.
"use strict";
try {
  const theme = localStorage.getItem("llm4rec-theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
} catch { /* a browser may refuse storage to files */ }
