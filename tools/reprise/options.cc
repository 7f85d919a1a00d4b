// Reads the command line by the tables in tools/reprise/options.
#include "tools/reprise/options.h"

#include <algorithm>
#include <boost/program_options.hpp>

#include "tools/reprise/options/table.h"

namespace reprise::tools {
namespace {

namespace po = boost::program_options;

Error unknown(const std::string& given) {
  const std::string word = "-" + given.substr(std::min(given.find_first_not_of('-'), given.size()));
  std::vector<std::string> names;
  for (const Subject& subject : subjects())
    for (const Row& row : subject.rows)
      if (row.help) names.push_back(std::string("-") + row.name);
  std::string message = word + ": no such option";
  if (const std::string close = nearest(word, names); !close.empty())
    message += "; did you mean '" + close + "'?";
  return fail(message + " (-help lists all)");
}

bool is_option(const std::string& word) {
  if (word.size() < 2 || word[0] != '-') return false;
  return find_row(word.substr(word[1] == '-' ? 2 : 1)) != nullptr;
}

// Boost has found the command line wrong: which word is it?
Error diagnose(int argc, const char* const* argv, const std::string& otherwise) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word.size() < 2 || word[0] != '-') continue;  // an image
    const Row* row = find_row(word.substr(word[1] == '-' ? 2 : 1));
    if (!row) return unknown(word);
    if (!row->argument) continue;
    const std::string wanted = word + ": expected " + row->argument + " after it";
    if (++i == argc) return fail(wanted);
    if (is_option(argv[i])) return fail(wanted + ", not the option " + argv[i]);
  }
  return fail(otherwise + " (-help lists all options)");
}

}  // namespace

std::vector<Subject> subjects() {
  return {{"Machine", machine_rows()},
          {"Processors", cpu_rows()},
          {"Start", boot_rows()},
          {"Disks", drive_rows()},
          {"Consoles and displays", chardev_rows()},
          {"Devices", device_rows()},
          {"Sound", audio_rows()},
          {"The run", run_rows()},
          {"Configuration files", config_rows()},
          {"Accepted", compatibility_rows()}};
}

const Row* find_row(const std::string& name) {
  for (const Subject& subject : subjects())
    for (const Row& row : subject.rows)
      if (row.name == name) return &row;
  return nullptr;
}

Result<void> apply_option(Parser& parser, const std::string& name, const std::string& text) {
  const Row* row = find_row(name);
  check(row, "an option without a row");
  if (row->missing) {
    const std::string value = row->argument ? " " + shown(text) : "";
    return fail("-" + name + value + ": no " + row->missing + " yet");
  }
  parser.applied.emplace_back(name, text);
  return row->apply(parser, text);
}

Result<Options> parse_options(int argc, const char* const* argv) {
  po::options_description description;
  for (const Subject& subject : subjects()) {
    for (const Row& row : subject.rows) {
      if (row.argument)
        description.add_options()(row.name, po::value<std::vector<std::string>>());
      else
        description.add_options()(row.name, "");
    }
  }
  using Style = po::command_line_style::style_t;
  std::vector<po::option> found;
  try {
    po::command_line_parser parser(argc, argv);
    found = parser.options(description)
                .style(Style::allow_long | Style::long_allow_next | Style::allow_long_disguise)
                .run()
                .options;
  } catch (const po::error& problem) {
    return diagnose(argc, argv, problem.what());
  }

  Parser parser;
  for (const po::option& option : found) {
    const std::string text = option.value.empty() ? "" : option.value[0];
    const bool image = option.string_key.empty();  // a word by itself
    if (image && text.size() > 1 && text[0] == '-') return unknown(text);
    if (!image && !find_row(option.string_key)) return unknown(option.string_key);
    TRY(apply_option(parser, image ? "hda" : option.string_key, text));
  }
  if (!parser.options.say.empty() || parser.options.help || parser.options.version)
    return std::move(parser.options);
  TRY(finish(parser));
  return std::move(parser.options);
}

// As QEMU prints it, since tools read it: each option begins a line.
std::string help_text() {
  constexpr std::size_t kColumn = 23;
  const std::string indent = "\n" + std::string(kColumn, ' ');
  std::string text =
      "Reprise: a PC that can play any run again.\n"
      "usage: reprise [options]        with none: a built-in guest that tests the machine\n";
  for (const Subject& subject : subjects()) {
    text += std::string("\n") + subject.title + ":\n";
    for (const Row& row : subject.rows) {
      if (!row.help) continue;
      std::string line = std::string("-") + row.name + (row.argument ? " " : "") +
                         (row.argument ? row.argument : "");
      line += line.size() < kColumn ? std::string(kColumn - line.size(), ' ') : indent;
      for (const char* c = row.help; *c; ++c) line += *c == '\n' ? indent : std::string(1, *c);
      text += line + "\n";
    }
  }
  return text +
         "\nOn a terminal, Ctrl-A x ends the emulator, Ctrl-A c switches to the monitor, "
         "Ctrl-A h helps.\n";
}

}  // namespace reprise::tools
