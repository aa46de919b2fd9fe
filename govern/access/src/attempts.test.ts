import { createFakeClock } from "@millwright/testkit";
import { expect, test } from "vitest";
import { addressKey, createAttempts } from "./attempts.ts";

const setting = () => {
	const clock = createFakeClock();
	return { clock, attempts: createAttempts({ clock, allowed: () => 3 }) };
};
const waitOf = (run: () => unknown): number => {
	try {
		run();
	} catch (thrown) {
		return (thrown as { data: { retryAfterSeconds: number } }).data.retryAfterSeconds;
	}
	return 0;
};

test("beyond the allowed failures the wait doubles up to a quarter of an hour", async () => {
	const { clock, attempts } = setting();
	const by = { account: "ada", address: "10.0.0.1" };
	for (let i = 0; i < 3; i++) attempts.begin(by);
	const waits: number[] = [];
	for (let i = 0; i < 12; i++) {
		const seconds = waitOf(() => attempts.begin(by));
		waits.push(seconds);
		await clock.advance(seconds * 1000);
		attempts.begin(by);
	}
	expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]);
});

test("an account has to wait whatever address the attempts come from", () => {
	const { attempts } = setting();
	for (let i = 0; i < 3; i++) attempts.begin({ account: "ada", address: `10.0.0.${i}` });
	expect(waitOf(() => attempts.begin({ account: "ada", address: "10.0.0.9" }))).toBe(1);
	expect(waitOf(() => attempts.begin({ account: "bob", address: "10.0.0.9" }))).toBe(0);
});

test("an address has to wait whatever account it tries", () => {
	const { attempts } = setting();
	for (let i = 0; i < 3; i++) attempts.begin({ account: `user-${i}`, address: "10.0.0.1" });
	expect(waitOf(() => attempts.begin({ account: "somebody-else", address: "10.0.0.1" }))).toBe(1);
	expect(waitOf(() => attempts.begin({ account: "somebody-else", address: "10.0.0.2" }))).toBe(0);
});

test("success clears the account and gives the address its attempt back", () => {
	const { attempts } = setting();
	const by = { account: "ada", address: "10.0.0.1" };
	attempts.begin(by);
	attempts.begin(by);
	attempts.begin(by).succeeded();
	expect(waitOf(() => attempts.begin({ account: "ada", address: "10.0.0.1" }))).toBe(0);
	expect(waitOf(() => attempts.begin({ account: "ada", address: "10.0.0.1" }))).toBe(1);
});

test("an attempt that something else broke counts for nobody", () => {
	const { attempts } = setting();
	for (let i = 0; i < 10; i++) attempts.begin({ account: "ada", address: "10.0.0.1" }).withdrawn();
	expect(attempts.size).toBe(0);
});

test("failures are forgotten after an hour, and a jump of the wall clock changes nothing", async () => {
	const { clock, attempts } = setting();
	const by = { account: "ada", address: "10.0.0.1" };
	for (let i = 0; i < 3; i++) attempts.begin(by);
	clock.set(clock.nowMs() + 86_400_000);
	expect(waitOf(() => attempts.begin(by))).toBe(1);
	await clock.advance(3_600_000);
	for (let i = 0; i < 3; i++) expect(waitOf(() => attempts.begin(by))).toBe(0);
});

test("memory stays bounded when every attempt has another name", () => {
	const { attempts } = setting();
	for (let i = 0; i < 30_000; i++) attempts.begin({ account: `user-${i}`, address: `2001:db8:${(i % 60_000).toString(16)}::1` });
	expect(attempts.size).toBeLessThanOrEqual(20_000);
});

test("IPv6 addresses count by their /64 and mapped IPv4 as IPv4", () => {
	expect(addressKey("2001:db8:1:2:aaaa::1")).toBe(addressKey("2001:0db8:1:2:bbbb:cccc:dddd:eeee"));
	expect(addressKey("2001:db8:1:2::1")).not.toBe(addressKey("2001:db8:1:3::1"));
	expect(addressKey("::ffff:10.0.0.1")).toBe(addressKey("10.0.0.1"));
	expect(addressKey("::1")).toBe(addressKey("::2"));
	expect(addressKey("fe80::1%eth0")).toBe(addressKey("fe80::2"));
});
