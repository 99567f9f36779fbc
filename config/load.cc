#include "config/load.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "config/environment.h"
#include "config/kafka_names.h"
#include "config/known_names.h"
#include "config/listeners.h"
#include "config/nearest.h"
#include "config/properties_file.h"
#include "config/units.h"
#include "config/yaml_file.h"

namespace config {
namespace {

using Meaning = KnownName::Meaning;

/// No configuration is nearly as long; a device or a log file given by mistake may be.
constexpr std::uintmax_t kFileBytesMax = 4 << 20;
constexpr std::uint16_t kDefaultPort = 9092;

base::Result<std::string> read_text(const std::filesystem::path& path) {
  std::error_code error;
  if (std::filesystem::is_directory(path, error))
    return base::fail(base::Fault::invalid, "is a directory, not a configuration file");
  std::ifstream file(path, std::ios::binary);
  if (!file)
    return base::fail(base::Fault::missing, std::filesystem::exists(path, error)
                                                ? "cannot be read: is it yours?"
                                                : "There is no such file");
  const auto size = std::filesystem::file_size(path, error);
  if (!error && size > kFileBytesMax)
    return base::fail(base::Fault::invalid, "is too large to be a configuration file");
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) return base::fail(base::Fault::io, "cannot be read");
  return text;
}

Layer read_file(const std::filesystem::path& path) {
  const auto name = path.string();
  const auto kind = path.extension();
  const bool is_yaml = kind == ".yaml" || kind == ".yml";
  const auto refuse = [&name](std::string why) {
    Layer layer;
    layer.problems.push_back({name, std::move(why)});
    return layer;
  };
  if (!is_yaml && kind != ".properties")
    return refuse("is neither .yaml (or .yml) nor .properties; its name must say which it is");
  auto text = read_text(path);
  if (!text) return refuse(std::move(text.error().detail));
  return is_yaml ? read_yaml(name, *text) : read_properties(name, *text);
}

Layer read_flags(const std::vector<Flag>& flags) {
  Layer layer;
  for (const auto& flag : flags) layer.settings.push_back({flag.key, flag.value, flag.name});
  return layer;
}

/// A sentence for a key that means nothing.
std::string unknown_key(const std::string& key) {
  if (const auto* topic_key = find_topic_key(key))
    return topic_key->broker_name.empty() || topic_key->shown_when_set_only
               ? fmt::format("'{}' is a setting of topics and has no default for all of them", key)
               : fmt::format(
                     "'{}' is a setting of topics; for the default of all of them write "
                     "'{}'",
                     key, topic_default_name(*topic_key));
  std::vector<std::string> names;
  for (const auto& known : known_names()) names.push_back(known.name);
  auto hint = did_you_mean(key, names);
  if (hint.empty()) {
    names.clear();
    for (const auto& topic_key : topic_keys()) names.emplace_back(topic_key.name);
    if (const auto* meant = find_topic_key(nearest(key, names)))
      hint = fmt::format(". Did you mean '{}'?", topic_default_name(*meant));
  }
  return fmt::format("There is no setting '{}'{}", key, hint);
}

class Loader {
 public:
  std::expected<LoadedConfig, std::vector<Problem>> load(const Sources& sources) {
    if (sources.file) lay_over(read_file(*sources.file));
    lay_over(read_environment(sources.environment));
    lay_over(read_flags(sources.flags));
    finish_listeners();
    finish_topic_defaults();
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(loaded_);
  }

 private:
  /// What one source says of one setting: the name of lowest rank so far.
  struct Choice {
    const KnownName* known = nullptr;
    Setting setting;  // Its value as Kafka would print it.
  };
  using Choices = std::map<std::string, Choice, std::less<>>;

  void lay_over(Layer layer) {
    for (auto& problem : layer.problems) problems_.push_back(std::move(problem));
    Choices choices;
    ListenerSettings listeners{.listeners = std::move(layer.listeners)};
    std::vector<std::string> passed_over;
    for (const auto& setting : layer.settings) {
      if (const auto* known = find_known_name(setting.key)) {
        if (is_about_listeners(known->meaning)) {
          take_listeners(known->meaning, setting, layer.is_kafkas, listeners);
        } else {
          take(*known, setting, layer.is_kafkas, choices);
        }
      } else if (may_be_passed_over(setting, layer.is_kafkas) &&
                 std::ranges::find(passed_over, setting.key) == passed_over.end()) {
        passed_over.push_back(setting.key);
      }
    }
    if (!passed_over.empty())
      loaded_.notes.push_back(
          fmt::format("Settings of Kafka's that mean nothing here and are passed over: {}",
                      fmt::join(passed_over, ", ")));
    lay_over_listeners(std::move(listeners));
    for (const auto& [setting, choice] : choices) apply(setting, choice);
  }

  void lay_over_listeners(ListenerSettings listeners) {
    if (!listeners.listeners.empty()) {
      // What was advertised for listeners that are no more goes with them.
      if (!listeners_.listeners.empty()) listeners_.advertised.reset();
      listeners_.listeners = std::move(listeners.listeners);
    }
    if (listeners.advertised) listeners_.advertised = std::move(listeners.advertised);
    if (listeners.protocol_map) listeners_.protocol_map = std::move(listeners.protocol_map);
    if (listeners.controller_names)
      listeners_.controller_names = std::move(listeners.controller_names);
  }

  /// A setting whose name means nothing here. False: that is a problem, and was told.
  bool may_be_passed_over(const Setting& setting, bool is_kafkas) {
    if (!is_kafkas_only(setting.key)) {
      problems_.push_back({setting.where, unknown_key(setting.key)});
      return false;
    }
    auto why_not = why_not_passed_over(setting.key, setting.value);
    if (why_not.empty() && !is_kafkas)
      why_not = fmt::format("'{}' is a setting of Kafka's that means nothing here; remove it",
                            setting.key);
    if (why_not.empty()) return true;
    problems_.push_back({setting.where, std::move(why_not)});
    return false;
  }

  static bool is_about_listeners(Meaning meaning) {
    return meaning != Meaning::broker_key && meaning != Meaning::topic_default;
  }

  static void take_listeners(Meaning meaning, const Setting& setting, bool is_kafkas,
                             ListenerSettings& listeners) {
    if (meaning == Meaning::listeners) {
      if (is_kafkas) listeners.listeners.clear();  // The last line holds.
      for (auto& listener : split_listeners(setting))
        listeners.listeners.push_back(std::move(listener));
    } else if (meaning == Meaning::advertised_listeners) {
      listeners.advertised = setting;
    } else if (meaning == Meaning::protocol_map) {
      listeners.protocol_map = setting;
    } else {
      listeners.controller_names = setting;
    }
  }

  void take(const KnownName& known, const Setting& setting, bool is_kafkas, Choices& choices) {
    auto value = read(known, setting);
    if (!value) {
      problems_.push_back({setting.where, std::move(value.error().detail)});
      return;
    }
    choose(choices, {&known, {setting.key, std::move(*value), setting.where}}, is_kafkas);
  }

  void choose(Choices& choices, Choice candidate, bool is_kafkas) {
    auto [place, is_first] = choices.try_emplace(candidate.known->setting, candidate);
    if (is_first) return;
    auto& holds = place->second;
    const bool same_name = holds.known == candidate.known;
    if (candidate.known->rank <= holds.known->rank) std::swap(holds, candidate);
    if (same_name && !is_kafkas) return;  // A flag: the last one holds, as everywhere.
    loaded_.notes.push_back(fmt::format("{}: '{}' has no effect beside '{}' at {}",
                                        candidate.setting.where, candidate.setting.key,
                                        holds.setting.key, holds.setting.where));
  }

  /// The value as Kafka would print it.
  static base::Result<std::string> read(const KnownName& known, const Setting& setting) {
    const auto text = TRY(plain_text(known, setting));
    if (known.topic_key != nullptr) return read_topic_value(*known.topic_key, setting.key, text);
    if (known.rank > 0 && known.setting == "data.dir" && text.find(',') != std::string::npos)
      return base::fail(
          base::Fault::invalid,
          fmt::format("'{}' names several directories ({}). Everything is kept in one here: name "
                      "that one",
                      setting.key, text));
    BrokerConfig scratch;
    TRY(set_broker_value(scratch, *known.broker_key, setting.key, text));
    return broker_value(scratch, *known.broker_key).value_or("");
  }

  /// The value in what the setting counts in, without a unit.
  static base::Result<std::string> plain_text(const KnownName& known, const Setting& setting) {
    if (known.factor != 1) {
      const auto number =
          std::get<std::int64_t>(TRY(read_value(setting.key, KeyType::int32, {}, setting.value)));
      return fmt::format("{}", number > 0 ? number * known.factor : number);
    }
    auto plain = to_plain(unit_of(known.setting), setting.value);
    if (!plain)
      plain.error().detail = fmt::format("Invalid value {} for configuration {}: {}", setting.value,
                                         setting.key, plain.error().detail);
    return plain;
  }

  void apply(const std::string& setting, const Choice& choice) {
    const auto& value = choice.setting.value;
    loaded_.origins.insert_or_assign(setting, choice.setting.where);
    if (choice.known->topic_key != nullptr) {
      loaded_.config.topic_keys_given.insert_or_assign(std::string(choice.known->topic_key->name),
                                                       value);
      return;
    }
    loaded_.config.keys_given.insert(setting);
    if (const auto set =
            set_broker_value(loaded_.config, *choice.known->broker_key, choice.setting.key, value);
        !set)
      problems_.push_back({choice.setting.where, set.error().detail});
  }

  void finish_listeners() {
    auto& config = loaded_.config;
    if (listeners_.listeners.empty()) {
      listeners_.listeners.push_back(
          {.bind = {"listeners", fmt::format("127.0.0.1:{}", kDefaultPort), "default"}});
    } else {
      config.keys_given.insert("listeners");
      loaded_.origins.emplace("listeners", listeners_.listeners.front().bind.where);
    }
    const auto problems_before = problems_.size();
    config.listeners = make_listeners(listeners_, problems_, loaded_.notes);
    if (config.listeners.empty() && problems_.size() == problems_before)
      problems_.push_back({listeners_.listeners.front().bind.where,
                           "No listener is left: clients could not come in"});
  }

  void finish_topic_defaults() {
    auto& config = loaded_.config;
    config.topic_defaults = resolve({}, config.topic_keys_given);
    const auto place = [this](std::string_view key) {
      const auto origin = loaded_.origins.find(fmt::format("topics.defaults.{}", key));
      return origin == loaded_.origins.end() ? "default" : origin->second;
    };
    if (const auto valid = validate_topic_configs(config.topic_keys_given); !valid) {
      // Each by itself was right, so two contradict each other.
      const auto min_place = place("min.compaction.lag.ms");
      problems_.push_back({min_place == "default" ? place("max.compaction.lag.ms") : min_place,
                           valid.error().detail});
    }
    if (config.topic_defaults.min_insync_replicas > 1)
      loaded_.notes.push_back(fmt::format(
          "{}: with min.insync.replicas {} every produce with acks=all is refused, as there is one "
          "replica here",
          place("min.insync.replicas"), config.topic_defaults.min_insync_replicas));
  }

  LoadedConfig loaded_;
  std::vector<Problem> problems_;
  ListenerSettings listeners_;
};

}  // namespace

std::expected<LoadedConfig, std::vector<Problem>> load(const Sources& sources) {
  return Loader().load(sources);
}

std::vector<std::string> process_environment() {
  std::vector<std::string> entries;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

}  // namespace config
