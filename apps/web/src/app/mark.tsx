/** The loop, closed. */
export const Mark = ({ size }: { size: number }) => (
	<svg
		viewBox="0 0 24 24"
		width={size}
		height={size}
		fill="none"
		stroke="var(--accent)"
		strokeWidth="2.4"
		strokeLinecap="round"
		aria-hidden="true"
	>
		<path d="M5.2 5.2A9.6 9.6 0 1 0 12 2.4" />
		<path d="M3.4 2.6v4.6H8" />
		<circle cx="12" cy="12" r="2.2" fill="var(--accent)" stroke="none" />
	</svg>
);
