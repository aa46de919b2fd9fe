const context = 3;
const mostLines = 4000;

type Line = { mark: " " | "-" | "+"; text: string };

/** Unified diff of two texts by lines, without file headers; "" when they are equal. */
export function unifiedDiff(before: string, after: string): string {
	if (before === after) return "";
	const lines = compare(before.split("\n"), after.split("\n"));
	const out: string[] = [];
	let at = 0;
	let [left, right] = [1, 1];
	while (at < lines.length) {
		if (lines[at]?.mark === " ") {
			at++;
			left++;
			right++;
			continue;
		}
		const start = Math.max(0, at - context);
		let end = at;
		for (let quiet = 0, i = at; i < lines.length && quiet <= context * 2; i++) {
			quiet = lines[i]?.mark === " " ? quiet + 1 : 0;
			if (quiet === 0) end = i + 1;
		}
		const hunk = lines.slice(start, Math.min(lines.length, end + context));
		const kept = at - start;
		const count = (...marks: string[]) => hunk.filter((line) => marks.includes(line.mark)).length;
		out.push(
			`@@ -${left - kept},${count(" ", "-")} +${right - kept},${count(" ", "+")} @@`,
			...hunk.map((line) => line.mark + line.text),
		);
		for (; at < start + hunk.length; at++) {
			if (lines[at]?.mark !== "+") left++;
			if (lines[at]?.mark !== "-") right++;
		}
	}
	return `${out.join("\n")}\n`;
}

/** Common head and tail first, then the longest common subsequence of what lies between (all replaced when that is huge). */
function compare(a: string[], b: string[]): Line[] {
	let head = 0;
	while (head < a.length && head < b.length && a[head] === b[head]) head++;
	let tail = 0;
	while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
	const same = (texts: string[]): Line[] => texts.map((text) => ({ mark: " ", text }));
	return [
		...same(a.slice(0, head)),
		...between(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
		...same(a.slice(a.length - tail)),
	];
}

function between(a: string[], b: string[]): Line[] {
	const out: Line[] = [];
	if (a.length > mostLines || b.length > mostLines) {
		for (const text of a) out.push({ mark: "-", text });
		for (const text of b) out.push({ mark: "+", text });
		return out;
	}
	const width = b.length + 1;
	const longest = new Uint16Array((a.length + 1) * width);
	for (let i = a.length - 1; i >= 0; i--)
		for (let j = b.length - 1; j >= 0; j--)
			longest[i * width + j] =
				a[i] === b[j]
					? (longest[(i + 1) * width + j + 1] as number) + 1
					: Math.max(longest[(i + 1) * width + j] as number, longest[i * width + j + 1] as number);
	let [i, j] = [0, 0];
	while (i < a.length || j < b.length) {
		if (i < a.length && j < b.length && a[i] === b[j]) {
			out.push({ mark: " ", text: a[i++] as string });
			j++;
		} else if (
			i < a.length &&
			(j >= b.length || (longest[(i + 1) * width + j] as number) >= (longest[i * width + j + 1] as number))
		)
			out.push({ mark: "-", text: a[i++] as string });
		else out.push({ mark: "+", text: b[j++] as string });
	}
	return out;
}
