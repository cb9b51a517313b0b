// The widget of ALTCHA (https://altcha.org, version 3.2.2, see LICENSE.txt) with the one algorithm that is used here.
import "./languages.js";

globalThis.$altcha.algorithms.set("PBKDF2/SHA-256", () => new Worker(new URL("pbkdf2.js", import.meta.url)));
await import("./altcha.min.js");
