import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openTagDirectory } from "./tag-directory.ts";

test("ids survive a restart and are never given twice", () => {
	const folder = mkdtempSync(join(tmpdir(), "tags-"));
	const file = join(folder, "tags.sqlite");
	const first = openTagDirectory({ file });
	expect([...first.assign(["a/x", "a/y", "a/x"])]).toEqual([1, 2, 1]);
	first.close();
	const second = openTagDirectory({ file });
	expect(second.idOf("a/y")).toBe(2);
	expect([...second.assign(["a/z", "a/y"])]).toEqual([3, 2]);
	expect(second.nameOf(3)).toBe("a/z");
	expect(second.size).toBe(3);
	expect(() => second.nameOf(4)).toThrow("No tag has the id 4");
	second.close();
	rmSync(folder, { recursive: true });
});
