#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "protocol/base/bytes.h"
#include "protocol/base/uuid.h"
#include "protocol/wire/field.h"

namespace protocol {

class FieldVisitor;
using base::Uuid;

/// A message or nested struct whose type has been forgotten; it can still show its fields.
class StructRef {
 public:
  template <class M>
  explicit StructRef(M& m)
      : object_(&m), fields_([](void* o, FieldVisitor& v) { M::fields(*static_cast<M*>(o), v); }) {}
  void fields(FieldVisitor& v) const { fields_(object_, v); }

 private:
  void* object_;
  void (*fields_)(void*, FieldVisitor&);
};

/// A list of anything a field may be, or a struct that may be absent: null, or so many items.
class ListRef {
 public:
  struct Ops {
    std::size_t (*size)(void*);
    void (*resize)(void*, std::size_t);
    void (*item)(void*, std::size_t, FieldVisitor&);
    std::size_t item_bytes;  // Of one item in memory, without what it points to.
    bool can_be_null;        // The C++ type has a null.
  };
  ListRef(void* list, const Ops& ops) : list_(list), ops_(&ops) {}
  std::size_t size() const { return ops_->size(list_); }
  void resize(std::size_t n) const { ops_->resize(list_, n); }
  void item(std::size_t i, FieldVisitor& v) const { ops_->item(list_, i, v); }
  std::size_t item_bytes() const { return ops_->item_bytes; }
  bool can_be_null() const { return ops_->can_be_null; }

 private:
  void* list_;
  const Ops* ops_;
};

/// What can be done to every field of a message. A message shows each field once; encoding,
/// decoding, printing and dumping the schema are ordinary classes.
class FieldVisitor {
 public:
  template <class T, class... Unset>
  void operator()(T& value, const char* name, Field field, const Unset&... unset) {
    const bool is_unset = (false || ... || (value == unset));
    if (enter(name, field, is_unset)) {
      visit(value);
      leave(field);
    }
  }

  template <class T>
  void visit(T& value) {
    if constexpr (std::is_enum_v<T>) {
      auto plain = static_cast<std::underlying_type_t<T>>(value);
      number(plain);
      value = static_cast<T>(plain);
    } else if constexpr (requires { number(value); })
      number(value);
    else if constexpr (requires { T::fields(value, *this); })
      structure(StructRef(value));
    else if constexpr (requires {
                         value.resize(0);
                         typename T::value_type;
                       } && !std::is_same_v<T, std::string>)
      list(false, ref(value));
    else if constexpr (requires { value->resize(0); } &&
                       !std::is_same_v<T, std::optional<std::string>>) {
      if (list(!value.has_value(), ListRef(&value, null_ops<typename T::value_type>)))
        value.reset();
    } else if constexpr (requires { T::value_type::fields(*value, *this); }) {
      if (structure_or_null(value.has_value())) {
        if (!value) value = typename T::value_type{};
        structure(StructRef(*value));
      } else
        value.reset();
    } else
      text_or_bytes(value);
  }

 protected:
  ~FieldVisitor() = default;
  virtual bool enter(const char* name, const Field& field, bool unset) = 0;
  virtual void leave(const Field& field) = 0;
  virtual void number(bool&) = 0;
  virtual void number(std::int8_t&) = 0;
  virtual void number(std::int16_t&) = 0;
  virtual void number(std::uint16_t&) = 0;
  virtual void number(std::int32_t&) = 0;
  virtual void number(std::uint32_t&) = 0;
  virtual void number(std::int64_t&) = 0;
  virtual void number(double&) = 0;
  virtual void number(Uuid&) = 0;
  virtual void text_or_bytes(std::string&) = 0;
  virtual void text_or_bytes(std::optional<std::string>&) = 0;
  virtual void text_or_bytes(base::SharedBytes&) = 0;
  virtual void text_or_bytes(std::optional<base::SharedBytes>&) = 0;
  virtual void structure(StructRef) = 0;
  virtual bool structure_or_null(bool present) = 0;
  /// Returns whether it is null now, which it may be only if items.can_be_null().
  virtual bool list(bool is_null, ListRef items) = 0;

 private:
  template <class V>
  static std::size_t size_of(void* l) {
    return static_cast<V*>(l)->size();
  }
  template <class V>
  static void resize(void* l, std::size_t n) {
    static_cast<V*>(l)->resize(n);
  }
  template <class V>
  static void item(void* l, std::size_t i, FieldVisitor& v) {
    v.visit((*static_cast<V*>(l))[i]);
  }
  template <class V>
  static std::size_t size_of_null(void* l) {
    auto& o = *static_cast<std::optional<V>*>(l);
    return o ? o->size() : 0;
  }
  template <class V>
  static void resize_null(void* l, std::size_t n) {
    auto& o = *static_cast<std::optional<V>*>(l);
    if (!o) o.emplace();
    o->resize(n);
  }
  template <class V>
  static void item_null(void* l, std::size_t i, FieldVisitor& v) {
    v.visit((**static_cast<std::optional<V>*>(l))[i]);
  }
  template <class V>
  static constexpr ListRef::Ops ops{&size_of<V>, &resize<V>, &item<V>,
                                    sizeof(typename V::value_type), false};
  template <class V>
  static constexpr ListRef::Ops null_ops{&size_of_null<V>, &resize_null<V>, &item_null<V>,
                                         sizeof(typename V::value_type), true};
  template <class V>
  static ListRef ref(V& v) {
    return {&v, ops<V>};
  }
};

}  // namespace protocol
