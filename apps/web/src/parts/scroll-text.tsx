import type { ReactNode } from "react";

/** Text that may be longer than its box; the keyboard can scroll it. */
export const ScrollText = ({ label, className, children }: { label: string; className: string; children: ReactNode }) => (
	// biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
	<section aria-label={label} tabIndex={0} className={className}>
		{children}
	</section>
);
