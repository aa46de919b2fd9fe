import "@fontsource-variable/inter/wght.css";
import "@fontsource-variable/jetbrains-mono/wght.css";
import "./app/widgets.css";
import "./app/base.css";
import "./app/tokens.css";
import { MantineProvider } from "@mantine/core";
import { QueryClientProvider } from "@tanstack/react-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Gate } from "./app/gate.tsx";
import { startLanguage } from "./app/i18n.ts";
import { theme } from "./app/theme.ts";
import { questions } from "./data/questions.ts";

await startLanguage();
createRoot(document.getElementById("root") as HTMLElement).render(
	<StrictMode>
		<MantineProvider theme={theme} defaultColorScheme="auto" deduplicateCssVariables={false}>
			<QueryClientProvider client={questions}>
				<Gate />
			</QueryClientProvider>
		</MantineProvider>
	</StrictMode>,
);
