#include "config/yaml_file.h"

#include <exception>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "config/nearest.h"

namespace config {
namespace {

/// The deepest setting has seven levels. YAML can say much in few bytes (an alias may stand for a
/// large map, many times), so there is an end to both depth and number.
constexpr int kDepthMax = 10;
constexpr int kEntriesMax = 10'000;

class Reader {
 public:
  explicit Reader(const std::string& name) : name_(name) {}

  Layer read(std::string_view text) {
    try {
      const auto documents = YAML::LoadAll(std::string(text));
      if (documents.size() > 1) {
        problem(name_, "has several YAML documents (divided by '---'); there can be only one");
      } else if (!documents.empty() && !documents[0].IsNull()) {
        if (documents[0].IsMap()) {
          walk("", documents[0], 0);
        } else {
          problem(place(documents[0].Mark()),
                  "is not a map of settings; write lines like "
                  "'node.id: 1'");
        }
      }
    } catch (const YAML::Exception& error) {
      // Its what() repeats the place in words.
      problem(place(error.mark), "is not YAML: " + error.msg);
    } catch (const std::exception& error) {
      problem(name_, std::string("cannot be read: ") + error.what());
    }
    return std::move(layer_);
  }

 private:
  std::string place(const YAML::Mark& mark) const {
    return mark.is_null() ? name_ : fmt::format("{}:{}:{}", name_, mark.line + 1, mark.column + 1);
  }
  void problem(std::string where, std::string what) {
    layer_.problems.push_back({std::move(where), std::move(what)});
  }

  void walk(const std::string& prefix, const YAML::Node& map, int depth) {
    for (const auto& entry : map) {
      if (++entries_ > kEntriesMax) return;
      const auto where = place(entry.first.Mark());
      if (!entry.first.IsScalar()) {
        problem(where, "A key must be plain text");
        continue;
      }
      take(prefix + entry.first.Scalar(), entry.second, where, depth);
    }
  }

  void take(const std::string& key, const YAML::Node& value, const std::string& where, int depth) {
    const auto again = first_places_.find(key);
    if (again != first_places_.end() && !value.IsMap()) {
      problem(where, fmt::format("'{}' is given twice; the first time at {}", key, again->second));
      return;
    }
    first_places_.emplace(key, where);
    if (value.IsMap()) {
      if (depth >= kDepthMax) {
        problem(where, fmt::format("'{}' is nested too deeply", key));
      } else {
        walk(key + ".", value, depth + 1);
      }
    } else if (value.IsSequence() && key == "listeners") {
      for (const auto& listener : value) take_listener(listener);
    } else if (value.IsNull()) {
      problem(where, fmt::format("'{}' has no value", key));
    } else if (value.IsScalar()) {
      layer_.settings.push_back({key, value.Scalar(), where});
    } else {
      take_list(key, value, where);
    }
  }

  void take_list(const std::string& key, const YAML::Node& list, const std::string& where) {
    std::string joined;
    for (const auto& element : list) {
      if (!element.IsScalar()) {
        problem(place(element.Mark()),
                fmt::format("'{}' may have a list of plain values, not this", key));
        return;
      }
      if (!joined.empty()) joined += ",";
      joined += element.Scalar();
    }
    layer_.settings.push_back({key, std::move(joined), where});
  }

  void take_listener(const YAML::Node& node) {
    const auto where = place(node.Mark());
    ListenerSetting listener;
    if (node.IsScalar()) {
      listener.bind = {"listeners", node.Scalar(), where};
    } else if (node.IsMap()) {
      take_members(node, listener);
      if (listener.bind.where.empty()) {
        problem(where, "a listener needs 'bind', as in 'bind: 127.0.0.1:9092'");
        return;
      }
    } else {
      problem(where, "a listener is an address, or a map of 'name', 'bind' and 'advertise'");
      return;
    }
    layer_.listeners.push_back(std::move(listener));
  }

  void take_members(const YAML::Node& map, ListenerSetting& listener) {
    for (const auto& entry : map) {
      const auto where = place(entry.first.Mark());
      const auto key = entry.first.IsScalar() ? entry.first.Scalar() : std::string();
      auto* member = key == "name"                      ? &listener.name
                     : key == "bind" || key == "listen" ? &listener.bind
                     : key == "advertise"               ? &listener.advertise
                                                        : nullptr;
      if (member == nullptr) {
        problem(where, fmt::format("a listener has no '{}'{}", key,
                                   did_you_mean(key, {"name", "bind", "listen", "advertise"})));
      } else if (!entry.second.IsScalar()) {
        problem(where, fmt::format("'{}' of a listener must be plain text", key));
      } else if (!member->where.empty()) {
        problem(where,
                fmt::format("'{}' is given twice; the first time at {}", key, member->where));
      } else {
        *member = {"listeners", entry.second.Scalar(), where};
      }
    }
  }

  const std::string& name_;
  int entries_ = 0;
  Layer layer_;
  std::map<std::string, std::string, std::less<>> first_places_;  // By key.
};

}  // namespace

Layer read_yaml(const std::string& name, std::string_view text) { return Reader(name).read(text); }

}  // namespace config
