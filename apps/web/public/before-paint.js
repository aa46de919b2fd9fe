// Sets the colours before the first paint, so that a dark room stays dark. Kept out of the page for a strict CSP.
(() => {
	let chosen = "auto";
	try {
		chosen = localStorage.getItem("mantine-color-scheme-value") || "auto";
	} catch {
		// Storage may be closed to us; the system's own choice then holds.
	}
	const dark = chosen === "dark" || (chosen === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
	document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
