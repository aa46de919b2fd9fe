import { Failed } from "../parts/states.tsx";

/** A page that broke never takes the shell with it. */
export const PageFailed = ({ error, reset }: { error: unknown; reset: () => void }) => (
	<div className="panel">
		<Failed error={error} onRetry={reset} />
	</div>
);
