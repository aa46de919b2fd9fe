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
const report = join(folder, "report.json");
const { code } = await run("vitest", [
	"run",
	"--reporter=dot",
	"--reporter=json",
	`--outputFile.json=${report}`,
	...process.argv.slice(2),
]);

let results = { numPassedTests: 0, numFailedTests: 0, testResults: [] };
try {
	results = JSON.parse(readFileSync(report, "utf8"));
} catch {
	console.error("The test runner left no report.");
}
rmSync(folder, { recursive: true, force: true });

const skipped = results.testResults.flatMap((file) =>
	file.assertionResults.filter((one) => ["pending", "skipped", "todo"].includes(one.status)).map((one) => one.fullName),
);
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
