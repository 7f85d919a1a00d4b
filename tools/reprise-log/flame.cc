#include "tools/reprise-log/flame.h"

#include <algorithm>
#include <cstdio>
#include <functional>

namespace reprise::log {

namespace {

// Names may come from any file.
std::string clean(const std::string& name) {
  std::string text = name;
  for (char& c : text)
    if (u8(c) < 0x21 || u8(c) > 0x7E || c == ';') c = c == ';' ? ':' : '?';
  return text;
}

std::string escaped(const std::string& name) {
  std::string text;
  for (const char c : clean(name))
    text += c == '<'   ? "&lt;"
            : c == '>' ? "&gt;"
            : c == '&' ? "&amp;"
            : c == '"' ? "&quot;"
                       : std::string(1, c);
  return text;
}

using Totals = std::map<const Node*, u64>;

u64 add_totals(const Node& node, Measure measure, Totals& totals) {
  u64 sum = own(node, measure);
  for (const auto& [name, child] : node.children) sum += add_totals(*child, measure, totals);
  return totals[&node] = sum;
}

// By name, so that the same profile gives the same picture whatever order functions came in.
std::vector<const Node*> by_name(const Node& node, const Symbols& symbols) {
  std::vector<const Node*> children;
  for (const auto& [name, child] : node.children) children.push_back(child);
  std::stable_sort(children.begin(), children.end(), [&](const Node* a, const Node* b) {
    return symbols.name(a->name) < symbols.name(b->name);
  });
  return children;
}

constexpr double kWidth = 1200, kMargin = 10, kRow = 16,
                 kLeast = 0.2;  // narrower ones are left out

class Picture {
 public:
  Picture(const Node& root, const Symbols& symbols, Measure measure)
      : symbols_(symbols), unit_(measure == Measure::Cycles ? "cycles" : "instructions") {
    all_ = std::max<u64>(1, add_totals(root, measure, totals_));
    draw(root, 0, kMargin);
  }
  std::string text(const std::string& title) const {
    const double height = (rows_ + 1) * kRow + 50;
    std::string svg = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    svg += line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%.0f\" height=\"%.0f\" "
        "font-family=\"monospace\" font-size=\"11\">\n",
        kWidth + 2 * kMargin, height);
    svg += "<rect width=\"100%\" height=\"100%\" fill=\"#fdfcf5\"/>\n";
    svg += "<text x=\"10\" y=\"20\" font-size=\"14\">" + escaped_words(title) + "</text>\n";
    svg += line("<g transform=\"translate(0 %.0f) scale(1 1)\">\n", height - 10 - kRow);
    return svg + body_ + "</g>\n</svg>\n";
  }

 private:
  template <class... A>
  static std::string line(const char* format, A... values) {
    char buffer[320];
    std::snprintf(buffer, sizeof buffer, format, values...);
    return buffer;
  }
  static std::string escaped_words(const std::string& title) {
    std::string text;
    for (const char c : title) text += c == ' ' ? " " : escaped(std::string(1, c));
    return text;
  }
  // A warm colour by name, the same in every picture.
  static unsigned colour(const std::string& name) {
    u32 hash = 2166136261u;
    for (const char c : name) hash = (hash ^ u8(c)) * 16777619u;
    return (205 + hash % 50) << 16 | (80 + (hash >> 8) % 130) << 8 | (hash >> 16) % 60;
  }
  void draw(const Node& node, int row, double x) {
    const double width = kWidth * double(totals_.at(&node)) / double(all_);
    if (width < kLeast) return;
    rows_ = std::max(rows_, row);
    const std::string name = row == 0 ? "all" : escaped(symbols_.name(node.name));
    const double y = -row * kRow;
    body_ += "<g><title>" + name +
             line(": %llu %s, %.2f %%; %llu calls</title>", ull(totals_.at(&node)), unit_,
                  100 * double(totals_.at(&node)) / double(all_), ull(node.calls));
    body_ +=
        line("<rect x=\"%.1f\" y=\"%.0f\" width=\"%.1f\" height=\"%.0f\" rx=\"1\" fill=\"#%06x\"/>",
             x, y, width, kRow - 1, colour(name));
    const std::size_t room = std::size_t(std::max(0.0, (width - 4) / 6.7));
    const std::string shown = row == 0 ? "all" : clean(symbols_.name(node.name));
    if (room >= 3)
      body_ += line("<text x=\"%.1f\" y=\"%.0f\">", x + 3, y + 11) +
               escaped(shown.size() <= room ? shown : shown.substr(0, room - 2) + "..") + "</text>";
    body_ += "</g>\n";
    for (const Node* child : by_name(node, symbols_)) {
      draw(*child, row + 1, x);
      x += kWidth * double(totals_.at(child)) / double(all_);
    }
  }
  using ull = unsigned long long;

  const Symbols& symbols_;
  const char* unit_;
  Totals totals_;
  u64 all_ = 1;
  int rows_ = 0;
  std::string body_;
};

}  // namespace

std::string folded(const Node& root, const Symbols& symbols, Measure measure) {
  std::string text;
  const std::function<void(const Node&, const std::string&)> go = [&](const Node& node,
                                                                      const std::string& path) {
    if (!path.empty() && own(node, measure))
      text += path + " " + std::to_string(own(node, measure)) + "\n";
    for (const Node* child : by_name(node, symbols))
      go(*child, path + (path.empty() ? "" : ";") + clean(symbols.name(child->name)));
  };
  go(root, "");
  return text;
}

std::string flame_svg(const Node& root, const Symbols& symbols, Measure measure,
                      const std::string& title) {
  return Picture(root, symbols, measure).text(title);
}

std::vector<FunctionRow> functions(const Node& root, const Symbols& symbols, Measure measure) {
  Totals totals;
  add_totals(root, measure, totals);
  // Names are numbered as often as they stand in the file: static functions may share one.
  std::map<std::string, FunctionRow> rows;
  std::map<std::string, unsigned> open;
  const std::function<void(const Node&)> go = [&](const Node& node) {
    const std::string name = clean(symbols.name(node.name));
    if (&node != &root) {
      FunctionRow& row = rows.try_emplace(name, FunctionRow{node.name}).first->second;
      row.instructions += node.instructions;
      row.cycles += node.cycles;
      row.calls += node.calls;
      if (open[name]++ == 0) row.total += totals.at(&node);
    }
    for (const auto& [number, child] : node.children) go(*child);
    if (&node != &root) --open[name];
  };
  go(root);
  std::vector<FunctionRow> sorted;
  for (const auto& [name, row] : rows) sorted.push_back(row);
  const auto count = [measure](const FunctionRow& row) {
    return measure == Measure::Cycles ? row.cycles : row.instructions;
  };
  std::stable_sort(sorted.begin(), sorted.end(),
                   [&](const FunctionRow& a, const FunctionRow& b) { return count(a) > count(b); });
  return sorted;
}

}  // namespace reprise::log
