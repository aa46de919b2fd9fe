import { defineConfig } from "vitest/config";

// A shared two-core machine may stall a real process for seconds; one second try tells a stall from a defect.
const retry = process.env.CI ? 1 : 0;

export default defineConfig({
	test: {
		testTimeout: 30_000,
		hookTimeout: 60_000,
		pool: "forks",
		passWithNoTests: false,
		retry,
		projects: [
			{
				extends: true,
				test: {
					name: "parts",
					include: ["{base,loop,govern,drivers,engines,apps}/**/*.test.{ts,tsx}", "test/*.test.ts"],
					exclude: ["**/node_modules/**", "**/dist/**"],
					maxWorkers: 2,
					sequence: { groupOrder: 0 },
				},
			},
			{
				// Whole platforms with plants and browsers: one at a time, after the parts.
				extends: true,
				test: {
					name: "whole",
					include: ["test/*/**/*.test.ts"],
					exclude: ["**/node_modules/**"],
					fileParallelism: false,
					maxWorkers: 1,
					sequence: { groupOrder: 1 },
				},
			},
		],
	},
});
