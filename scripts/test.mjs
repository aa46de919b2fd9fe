// npm test: installs what it needs, runs every test; last line "N passed, N failed" (", N skipped" with the reasons above it).
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureInstalled } from "./lib/install.mjs";
import { ensurePeers } from "./lib/peers.mjs";
import { run } from "./lib/run.mjs";
import { ensureWebBuilt } from "./lib/web.mjs";

ensureInstalled();
ensurePeers();
await ensureWebBuilt();

const folder = mkdtempSync(join(tmpdir(), "millwright-test-"));
const none = { numPassedTests: 0, numFailedTests: 0, testResults: [] };

async function runTests(name, args) {
	const report = join(folder, name);
	const reporters = ["--reporter=dot", "--reporter=json", `--outputFile.json=${report}`];
	const { code } = await run("vitest", ["run", ...reporters, ...args]);
	try {
		return { code, results: JSON.parse(readFileSync(report, "utf8")) };
	} catch {
		console.error("The test runner left no report.");
		return { code, results: none };
	}
}

const notRun = ({ status }) => ["pending", "skipped", "todo"].includes(status);
let { code, results } = await runTests("report.json", process.argv.slice(2));

// A native library that takes the whole test process down leaves the rest of its file untested: in CI those files have a second try,
// as single tests have, and it is said.
const cutShort = results.testResults.filter((file) => file.assertionResults.some(notRun)).map(({ name }) => name);
if (process.env.CI && code !== 0 && results.numFailedTests === 0 && cutShort.length > 0) {
	console.warn(`A test process died. Once more: ${cutShort.join(", ")}`);
	const again = await runTests("again.json", cutShort);
	const former = results.testResults.filter(({ name }) => cutShort.includes(name)).flatMap((file) => file.assertionResults);
	code = again.code;
	results = {
		numPassedTests:
			results.numPassedTests - former.filter(({ status }) => status === "passed").length + again.results.numPassedTests,
		numFailedTests: again.results.numFailedTests,
		testResults: [...results.testResults.filter(({ name }) => !cutShort.includes(name)), ...again.results.testResults],
	};
}
rmSync(folder, { recursive: true, force: true });

const skipped = results.testResults.flatMap((file) => file.assertionResults.filter(notRun).map((one) => one.fullName));
for (const name of skipped) console.log(`skipped: ${name}`);
// A file that cannot even be loaded fails as a whole and holds no failed test of its own.
const brokenFiles = results.testResults.filter(
	(file) => file.status === "failed" && file.assertionResults.every((one) => one.status !== "failed"),
);
for (const file of brokenFiles) console.log(`broken: ${file.name}: ${(file.message ?? "").split("\n")[0]}`);
let failed = results.numFailedTests + brokenFiles.length;
if (failed === 0 && code !== 0) failed = 1;
console.log(`${results.numPassedTests} passed, ${failed} failed${skipped.length > 0 ? `, ${skipped.length} skipped` : ""}`);
process.exit(failed === 0 && results.numPassedTests > 0 ? 0 : 1);
