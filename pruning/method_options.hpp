// Options of a pruning method: declared once, with range and help, and given as text.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace crossloop::pruning {

/// One option. `words` not empty: one of them; else numbers in low..high.
struct OptionSpec {
  std::string name;
  std::string standard;  ///< its value where none is given, as text
  std::string help;
  double low = 0.0;
  double high = 0.0;
  bool integer = false;
  bool list = false;  ///< numbers with commas between them, or none
  std::vector<std::string> words;
};

OptionSpec number_option(std::string name, double standard, double low, double high,
                         std::string help);
OptionSpec integer_option(std::string name, int standard, int low, int high, std::string help);
/// Any number of numbers, none by default.
OptionSpec list_option(std::string name, double low, double high, std::string help);
/// The first word is the default.
OptionSpec word_option(std::string name, std::vector<std::string> words, std::string help);

/// "0 to 1, default 0.5", "one of rpp (default), iht": for tables of options.
std::string range_text(const OptionSpec& spec);

/// The values of all options of one method.
class MethodOptions {
 public:
  using Given = std::map<std::string, std::string>;  ///< name -> value

  /// Throws InputError naming `method`, the option, what was found and what is expected.
  MethodOptions(const std::string& method, const std::vector<OptionSpec>& specs,
                const Given& given);

  // Of an option that is declared as such (asserted).
  double number(const std::string& name) const;
  int integer(const std::string& name) const;
  const std::string& word(const std::string& name) const;
  std::vector<double> numbers(const std::string& name) const;

  /// Every option and its value, in order of their names.
  const Given& values() const { return values_; }

 private:
  Given values_;
};

}  // namespace crossloop::pruning
