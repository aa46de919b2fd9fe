import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		include: ["**/*.test.ts", "**/*.test.tsx"],
		exclude: ["**/node_modules/**", "**/dist/**"],
		testTimeout: 20_000,
		hookTimeout: 30_000,
		pool: "forks",
		maxWorkers: 2,
		passWithNoTests: false,
	},
});
