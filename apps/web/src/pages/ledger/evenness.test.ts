import { expect, test } from "vitest";
import { evennessOf } from "./evenness.ts";

const ledger = { read: 196, made: 0, sent: 230, filtered: 0, rejected: 0 };

test("sums that do not agree here are uneven; those of a gateway wait for its next sign", () => {
	expect(evennessOf("line-1-plc", ledger)).toBe("uneven");
	expect(evennessOf("palletizing/palletizer", ledger)).toBe("counting");
	for (const connection of ["line-1-plc", "palletizing/palletizer"])
		expect(evennessOf(connection, { ...ledger, read: 230 })).toBe("even");
});
