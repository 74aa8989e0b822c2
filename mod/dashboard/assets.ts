/**
 * The files of the dashboard, embedded in the program: whoever has the binary has the pages.
 *
 * @module
 */
import uplotCss from "uplot/dist/uPlot.min.css" with { type: "text" };
import uplotJs from "uplot/dist/uPlot.esm.js" with { type: "text" };
import adoptionJs from "./assets/adoption.js" with { type: "text" };
import apiJs from "./assets/api.js" with { type: "text" };
import changeJs from "./assets/change.js" with { type: "text" };
import chartJs from "./assets/chart.js" with { type: "text" };
import dialJs from "./assets/dial.js" with { type: "text" };
import dialogJs from "./assets/dialog.js" with { type: "text" };
import domJs from "./assets/dom.js" with { type: "text" };
import editorCss from "./assets/editor.css" with { type: "text" };
import editorJs from "./assets/editor.js" with { type: "text" };
import formatJs from "./assets/format.js" with { type: "text" };
import formsCss from "./assets/forms.css" with { type: "text" };
import frameJs from "./assets/frame.js" with { type: "text" };
import historyJs from "./assets/history.js" with { type: "text" };
import iconSvg from "./assets/icon.svg" with { type: "text" };
import indexHtml from "./assets/index.html" with { type: "text" };
import limitsJs from "./assets/limits.js" with { type: "text" };
import liveJs from "./assets/live.js" with { type: "text" };
import loginJs from "./assets/login.js" with { type: "text" };
import logoJs from "./assets/logo.js" with { type: "text" };
import mainJs from "./assets/main.js" with { type: "text" };
import narrowCss from "./assets/narrow.css" with { type: "text" };
import overviewRowsJs from "./assets/overview_rows.js" with { type: "text" };
import pageAlarmsJs from "./assets/page_alarms.js" with { type: "text" };
import pageApiJs from "./assets/page_api.js" with { type: "text" };
import pageAuditJs from "./assets/page_audit.js" with { type: "text" };
import pageClockJs from "./assets/page_clock.js" with { type: "text" };
import pageConfigJs from "./assets/page_config.js" with { type: "text" };
import pageEventsJs from "./assets/page_events.js" with { type: "text" };
import pageInputsJs from "./assets/page_inputs.js" with { type: "text" };
import pageLogsJs from "./assets/page_logs.js" with { type: "text" };
import pageOverviewJs from "./assets/page_overview.js" with { type: "text" };
import pagePhasorsJs from "./assets/page_phasors.js" with { type: "text" };
import pageSignalsJs from "./assets/page_signals.js" with { type: "text" };
import pageSubscribersJs from "./assets/page_subscribers.js" with { type: "text" };
import pageUsersJs from "./assets/page_users.js" with { type: "text" };
import pagesCss from "./assets/pages.css" with { type: "text" };
import phasorRowsJs from "./assets/phasor_rows.js" with { type: "text" };
import rightsJs from "./assets/rights.js" with { type: "text" };
import sequenceRowsJs from "./assets/sequence_rows.js" with { type: "text" };
import signalDetailJs from "./assets/signal_detail.js" with { type: "text" };
import signingJs from "./assets/signing.js" with { type: "text" };
import stampJs from "./assets/stamp.js" with { type: "text" };
import styleCss from "./assets/style.css" with { type: "text" };
import symmetricJs from "./assets/symmetric.js" with { type: "text" };
import tableJs from "./assets/table.js" with { type: "text" };
import tablesCss from "./assets/tables.css" with { type: "text" };
import themeJs from "./assets/theme.js" with { type: "text" };
import tokensCss from "./assets/tokens.css" with { type: "text" };
import userFormJs from "./assets/user_form.js" with { type: "text" };
import watchJs from "./assets/watch.js" with { type: "text" };
import waveChartJs from "./assets/wave_chart.js" with { type: "text" };
import waveViewerJs from "./assets/wave_viewer.js" with { type: "text" };
import waveformJs from "./assets/waveform.js" with { type: "text" };

/** Texts of the files by name; `index.html` is the page itself. */
export const ASSET_TEXTS: Readonly<Record<string, string>> = {
  "adoption.js": adoptionJs,
  "api.js": apiJs,
  "change.js": changeJs,
  "chart.js": chartJs,
  "dial.js": dialJs,
  "dialog.js": dialogJs,
  "dom.js": domJs,
  "editor.css": editorCss,
  "editor.js": editorJs,
  "format.js": formatJs,
  "forms.css": formsCss,
  "frame.js": frameJs,
  "history.js": historyJs,
  "icon.svg": iconSvg,
  "index.html": indexHtml,
  "limits.js": limitsJs,
  "live.js": liveJs,
  "login.js": loginJs,
  "logo.js": logoJs,
  "main.js": mainJs,
  "narrow.css": narrowCss,
  "overview_rows.js": overviewRowsJs,
  "page_alarms.js": pageAlarmsJs,
  "page_api.js": pageApiJs,
  "page_audit.js": pageAuditJs,
  "page_clock.js": pageClockJs,
  "page_config.js": pageConfigJs,
  "page_events.js": pageEventsJs,
  "page_inputs.js": pageInputsJs,
  "page_logs.js": pageLogsJs,
  "page_overview.js": pageOverviewJs,
  "page_phasors.js": pagePhasorsJs,
  "page_signals.js": pageSignalsJs,
  "page_subscribers.js": pageSubscribersJs,
  "page_users.js": pageUsersJs,
  "pages.css": pagesCss,
  "phasor_rows.js": phasorRowsJs,
  "rights.js": rightsJs,
  "sequence_rows.js": sequenceRowsJs,
  "signal_detail.js": signalDetailJs,
  "signing.js": signingJs,
  "stamp.js": stampJs,
  "style.css": styleCss,
  "symmetric.js": symmetricJs,
  "table.js": tableJs,
  "tables.css": tablesCss,
  "theme.js": themeJs,
  "tokens.css": tokensCss,
  "user_form.js": userFormJs,
  "watch.js": watchJs,
  "wave_chart.js": waveChartJs,
  "wave_viewer.js": waveViewerJs,
  "waveform.js": waveformJs,
  "uplot.css": uplotCss,
  "uplot.js": uplotJs,
};
